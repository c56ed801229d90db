package io.sparktts.speech;

import io.sparktts.model.AudioConfig;
import io.sparktts.model.BiCodecConfig;
import io.sparktts.model.Qwen2Config;
import io.sparktts.model.SpeakerSizes;
import io.sparktts.model.SyntheticCodecWeights;
import io.sparktts.model.SyntheticWeights;
import io.sparktts.model.Wav2Vec2Config;
import io.sparktts.model.WeightSource;
import io.sparktts.text.SyntheticTokenizer;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A model of the published sizes, drawn when it is asked for. */
final class SyntheticSource implements SpeechSource {
    private final long seed;
    private final Path tokenizer;

    SyntheticSource(long seed) {
        this.seed = seed;
        try {
            // The tokenizer's library reads files only.
            tokenizer = Files.createTempFile("sparktts", "tokenizer.json");
            tokenizer.toFile().deleteOnExit();
            Files.writeString(tokenizer, SyntheticTokenizer.published().json());
        } catch (IOException e) {
            throw new UncheckedIOException("the temporary folder cannot be written to", e);
        }
    }

    @Override
    public Qwen2Config languageConfig() {
        return Qwen2Config.SPARK_TTS_0_5B;
    }

    @Override
    public WeightSource language() {
        return new SyntheticWeights(languageConfig(), seed);
    }

    @Override
    public BiCodecConfig codecConfig() {
        return BiCodecConfig.SPARK_TTS_0_5B;
    }

    @Override
    public WeightSource codec() {
        return SyntheticCodecWeights.biCodec(codecConfig(), SpeakerSizes.SPARK_TTS_0_5B, seed);
    }

    @Override
    public AudioConfig audio() {
        return AudioConfig.SPARK_TTS_0_5B;
    }

    @Override
    public Path tokenizer() {
        return tokenizer;
    }

    @Override
    public Wav2Vec2Config featureConfig() {
        return Wav2Vec2Config.XLSR_53;
    }

    @Override
    public WeightSource features() {
        return SyntheticCodecWeights.wav2vec2(featureConfig(), seed);
    }

    @Override
    public void close() {
        try {
            Files.deleteIfExists(tokenizer);
        } catch (IOException e) {
            throw new UncheckedIOException(tokenizer + " cannot be deleted", e);
        }
    }
}
