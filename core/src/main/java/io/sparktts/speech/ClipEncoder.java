package io.sparktts.speech;

import io.sparktts.audio.Audio;
import io.sparktts.audio.Loudness;
import io.sparktts.audio.MelParameters;
import io.sparktts.audio.MelSpectrogram;
import io.sparktts.audio.ReferenceClip;
import io.sparktts.audio.Resampler;
import io.sparktts.audio.Wav2Vec2Input;
import io.sparktts.audio.WavFile;
import io.sparktts.backend.DType;
import io.sparktts.backend.Device;
import io.sparktts.backend.Variants;
import io.sparktts.codec.SemanticTokenizer;
import io.sparktts.codec.SpeakerTokenizer;
import io.sparktts.model.AudioConfig;
import io.sparktts.model.BiCodecConfig;

import org.jspecify.annotations.Nullable;

import java.nio.file.Path;

/**
 * Reference clips to voices. The encoders compute in F32, as published: tokens are decided by small
 * margins. wav2vec2 is loaded for the first clip that has a transcript.
 */
final class ClipEncoder implements AutoCloseable {
    /** Attention over a clip is quadratic, and its tokens all go into the prompt. */
    private static final double MOST_SECONDS = 60;

    private final Device device;
    private final SpeechSource source;
    private final Variants variants;
    private final SpeakerTokenizer speaker;
    private @Nullable SemanticTokenizer features;

    ClipEncoder(Device device, SpeechSource source, Variants variants) {
        this.device = device;
        this.source = source;
        this.variants = variants;
        speaker =
                SpeakerTokenizer.load(
                        device, source.codecConfig(), source.codec(), DType.F32, variants);
    }

    Voice.Clip encode(Path clip, @Nullable String text) {
        AudioConfig config = source.audio();
        Audio audio = Resampler.resample(WavFile.read(clip), config.sampleRate());
        double[] samples = audio.samples();
        if (samples.length < Wav2Vec2Input.MIN_SAMPLES) {
            throw new SpeechException(
                    clip
                            + ": "
                            + samples.length
                            + " samples at "
                            + config.sampleRate()
                            + " Hz are too few for a voice; at least "
                            + Wav2Vec2Input.MIN_SAMPLES);
        }
        if (text != null && audio.seconds() > MOST_SECONDS) {
            throw new SpeechException(
                    "%s: %.0f s; a clip with a transcript may have %.0f s: cut it, or leave the"
                                    .formatted(clip, audio.seconds(), MOST_SECONDS)
                            + " transcript out");
        }
        if (config.volumeNormalize()) {
            samples = Loudness.normalize(samples);
        }
        double[] heard = ReferenceClip.of(samples, config.refSegmentSamples());
        int[] global = speaker.encode(mel(source.codecConfig().mel()).of(heard));
        int[] semantic = {};
        if (text != null) {
            semantic = features().encode(Wav2Vec2Input.normalize(samples));
        }
        return new Voice.Clip(global, semantic, text);
    }

    private static MelSpectrogram mel(BiCodecConfig.Mel m) {
        return new MelSpectrogram(
                new MelParameters(
                        m.sampleRate(),
                        m.nFft(),
                        m.winLength(),
                        m.hopLength(),
                        m.fMinHertz(),
                        m.fMaxHertz(),
                        m.mels()));
    }

    private SemanticTokenizer features() {
        SemanticTokenizer f = features;
        if (f == null) {
            f =
                    SemanticTokenizer.load(
                            device,
                            source.featureConfig(),
                            source.features(),
                            source.codecConfig(),
                            source.codec(),
                            DType.F32,
                            variants);
            features = f;
        }
        return f;
    }

    @Override
    public void close() {
        SemanticTokenizer f = features;
        if (f != null) {
            f.close();
        }
        speaker.close();
    }
}
