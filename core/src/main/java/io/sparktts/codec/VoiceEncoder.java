package io.sparktts.codec;

import io.sparktts.backend.DType;
import io.sparktts.backend.Device;
import io.sparktts.backend.HostTensor;
import io.sparktts.backend.Kernels;
import io.sparktts.backend.Queue;
import io.sparktts.backend.Tensor;
import io.sparktts.backend.Variants;
import io.sparktts.model.BiCodecConfig;
import io.sparktts.model.Wav2Vec2Config;
import io.sparktts.model.WeightLoader;
import io.sparktts.model.WeightSource;

import java.lang.foreign.Arena;

/**
 * The half of BiCodec that listens, with wav2vec2 in front: a reference clip to semantic and global
 * tokens. Needed once per voice.
 */
public final class VoiceEncoder implements AutoCloseable {
    private final WeightLoader features;
    private final WeightLoader codec;
    private final Wav2Vec2 wav2vec2;
    private final SemanticEncoder semantic;
    private final SpeakerEncoder speaker;
    private final Queue queue;
    private final Kernels kernels;
    private final int hidden;

    private VoiceEncoder(
            WeightLoader features,
            Wav2Vec2Config featureConfig,
            WeightLoader codec,
            BiCodecConfig codecConfig,
            Variants variants) {
        this.features = features;
        this.codec = codec;
        wav2vec2 = new Wav2Vec2(features, featureConfig);
        semantic = new SemanticEncoder(codec, codecConfig);
        speaker = new SpeakerEncoder(codec, codecConfig);
        hidden = featureConfig.hiddenSize();
        queue = codec.keep(codec.device().newQueue());
        kernels = codec.device().kernels(queue, variants);
    }

    /**
     * Brings both models to a device. A failure frees what was loaded.
     *
     * @param dtype what to compute in; F32 gives the published tokens
     */
    public static VoiceEncoder load(
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
            return new VoiceEncoder(features, featureConfig, codec, codecConfig, variants);
        } catch (RuntimeException | Error e) {
            features.close();
            codec.close();
            throw e;
        }
    }

    /**
     * The semantic tokens of a clip.
     *
     * @param samples 16 kHz, normalised to zero mean and unit variance
     */
    public int[] semanticTokens(float[] samples) {
        return semantic.encode(kernels, codec, features(samples));
    }

    /** wav2vec2 features {@code [frames, hidden]}, in scratch memory. */
    Tensor features(float[] samples) {
        int frames = wav2vec2.frames(samples.length);
        Tensor out = kernels.scratch("voice.features", features.dtype(), frames, hidden);
        try (Tensor input = upload(samples, samples.length, 1)) {
            wav2vec2.run(kernels, out, input);
            queue.synchronize();
        }
        return out;
    }

    /**
     * The global tokens of a clip.
     *
     * @param mel magnitude mel spectrogram {@code [frames][mels]}
     */
    public int[] globalTokens(float[][] mel) {
        int mels = mel[0].length;
        float[] all = new float[mel.length * mels];
        for (int t = 0; t < mel.length; t++) {
            System.arraycopy(mel[t], 0, all, t * mels, mels);
        }
        try (Tensor input = upload(all, mel.length, mels)) {
            int[] tokens = speaker.encode(kernels, codec, input);
            queue.synchronize();
            return tokens;
        }
    }

    private Tensor upload(float[] values, long rows, long columns) {
        try (Arena arena = Arena.ofConfined()) {
            HostTensor host = HostTensor.allocate(arena, DType.F32, rows, columns);
            host.data().copyFrom(java.lang.foreign.MemorySegment.ofArray(values));
            return codec.device().upload(host, codec.dtype());
        }
    }

    @Override
    public void close() {
        codec.close();
        features.close();
    }
}
