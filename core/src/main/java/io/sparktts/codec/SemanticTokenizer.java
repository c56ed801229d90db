package io.sparktts.codec;

import io.sparktts.backend.DType;
import io.sparktts.backend.Device;
import io.sparktts.backend.HostTensor;
import io.sparktts.backend.Tensor;
import io.sparktts.backend.Variants;
import io.sparktts.model.BiCodecConfig;
import io.sparktts.model.Wav2Vec2Config;
import io.sparktts.model.WeightLoader;
import io.sparktts.model.WeightSource;

import java.lang.foreign.Arena;

/** A reference clip's samples to its semantic tokens: wav2vec2 and BiCodec's encoder. */
public final class SemanticTokenizer implements AutoCloseable {
    private final WeightLoader features;
    private final WeightLoader codec;
    private final Wav2Vec2 wav2vec2;
    private final SemanticEncoder encoder;
    private final TokenizerSession session;

    private SemanticTokenizer(
            WeightLoader features,
            Wav2Vec2Config featureConfig,
            WeightLoader codec,
            BiCodecConfig codecConfig,
            Variants variants) {
        this.features = features;
        this.codec = codec;
        wav2vec2 = new Wav2Vec2(features, featureConfig);
        encoder = new SemanticEncoder(codec, codecConfig);
        session = codec.keep(new TokenizerSession(codec.device(), codec.dtype(), variants));
    }

    /**
     * Brings both models to a device. A failure frees what was loaded.
     *
     * @param dtype what to compute in; F32 gives the published tokens
     */
    public static SemanticTokenizer load(
            Device device,
            Wav2Vec2Config featureConfig,
            WeightSource featureSource,
            BiCodecConfig codecConfig,
            WeightSource codecSource,
            DType dtype,
            Variants variants) {
        WeightLoader features = new WeightLoader(device, featureSource, dtype);
        WeightLoader codec = new WeightLoader(device, codecSource, dtype);
        try {
            return new SemanticTokenizer(features, featureConfig, codec, codecConfig, variants);
        } catch (RuntimeException | Error e) {
            codec.close();
            features.close();
            throw e;
        }
    }

    /**
     * The semantic tokens of a clip, 50 a second.
     *
     * @param samples 16 kHz, of zero mean and unit variance
     * @throws IllegalArgumentException if there are too few for one frame
     */
    public int[] encode(float[] samples) {
        try (Tensor input = session.upload(samples, samples.length, 1)) {
            return encoder.encode(session.kernels(), codec, features(input));
        }
    }

    /** The mean of wav2vec2's layers, {@code [frames * hidden]}: what the encoder hears. */
    public double[] features(float[] samples) {
        try (Tensor input = session.upload(samples, samples.length, 1);
                Arena arena = Arena.ofConfined()) {
            HostTensor host = codec.device().download(features(input), arena);
            return host.toDoubles();
        }
    }

    private Tensor features(Tensor samples) {
        int frames = wav2vec2.frames(samples.rows());
        Tensor out =
                session.kernels()
                        .scratch("tokenizer.features", codec.dtype(), frames, wav2vec2.width());
        wav2vec2.run(session.kernels(), out, samples);
        return out;
    }

    @Override
    public void close() {
        codec.close();
        features.close();
    }
}
