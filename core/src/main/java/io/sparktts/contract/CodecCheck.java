package io.sparktts.contract;

import io.sparktts.backend.DType;
import io.sparktts.backend.Device;
import io.sparktts.backend.Variants;
import io.sparktts.checkpoint.BiCodecCheckpoint;
import io.sparktts.codec.BiCodecDecoder;
import io.sparktts.codec.BiCodecSession;

import java.nio.file.Path;

/** A codec's whole decoding against the published program's, in any dtype. */
public final class CodecCheck {
    private CodecCheck() {}

    /** Decodes the bundled golden tokens of a tiny codec. */
    public static Comparison run(Device device, DType dtype, Variants variants) {
        Path directory = GoldenChecks.bundledDirectory();
        Comparison.Builder c = new Comparison.Builder();
        try (BiCodecCheckpoint checkpoint =
                        BiCodecCheckpoint.open(directory.resolve("tiny_ckpt/BiCodec"));
                GoldenFile file =
                        GoldenFile.open(directory.resolve("bicodec/bicodec_golden.safetensors"));
                BiCodecDecoder decoder =
                        BiCodecDecoder.load(device, checkpoint.config(), checkpoint, dtype);
                BiCodecSession session = decoder.session(variants)) {
            session.speaker(file.ints("detok.global"));
            float[] wave = session.decode(file.ints("detok.semantic"));
            double[] truth = file.values("detok.wav");
            double bound = Tolerance.wave(dtype, variants);
            for (int i = 0; i < truth.length; i++) {
                c.element(wave[i], truth[i], bound, "wave", i);
            }
        }
        return c.build();
    }
}
