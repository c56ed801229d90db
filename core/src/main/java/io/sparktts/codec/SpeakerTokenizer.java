package io.sparktts.codec;

import io.sparktts.backend.DType;
import io.sparktts.backend.Device;
import io.sparktts.backend.Tensor;
import io.sparktts.backend.Variants;
import io.sparktts.model.BiCodecConfig;
import io.sparktts.model.WeightLoader;
import io.sparktts.model.WeightSource;

/** A reference clip's mel spectrogram to the global tokens of its voice. */
public final class SpeakerTokenizer implements AutoCloseable {
    private final WeightLoader loader;
    private final SpeakerEncoder encoder;
    private final TokenizerSession session;

    private SpeakerTokenizer(WeightLoader loader, BiCodecConfig config, Variants variants) {
        this.loader = loader;
        encoder = new SpeakerEncoder(loader, config);
        session = loader.keep(new TokenizerSession(loader.device(), loader.dtype(), variants));
    }

    /**
     * Brings the speaker encoder to a device. A failure frees what was loaded.
     *
     * @param dtype what to compute in; F32 gives the published tokens
     */
    public static SpeakerTokenizer load(
            Device device,
            BiCodecConfig config,
            WeightSource source,
            DType dtype,
            Variants variants) {
        WeightLoader loader = new WeightLoader(device, source, dtype);
        try {
            return new SpeakerTokenizer(loader, config, variants);
        } catch (RuntimeException | Error e) {
            loader.close();
            throw e;
        }
    }

    /**
     * The global tokens of a clip.
     *
     * @param mel magnitude mel spectrogram {@code [frames][mels]}
     */
    public int[] encode(float[][] mel) {
        int mels = mel[0].length;
        float[] all = new float[mel.length * mels];
        for (int t = 0; t < mel.length; t++) {
            System.arraycopy(mel[t], 0, all, t * mels, mels);
        }
        try (Tensor input = session.upload(all, mel.length, mels)) {
            return encoder.encode(session.kernels(), loader, input);
        }
    }

    @Override
    public void close() {
        loader.close();
    }
}
