package io.sparktts.speech;

import io.sparktts.checkpoint.SyntheticCheckpoint.Size;
import io.sparktts.model.AudioConfig;
import io.sparktts.model.BiCodecConfig;
import io.sparktts.model.Qwen2Config;
import io.sparktts.model.SyntheticCodecWeights;
import io.sparktts.model.SyntheticWeights;
import io.sparktts.model.Wav2Vec2Config;
import io.sparktts.model.WeightSource;
import io.sparktts.text.SyntheticTokenizer;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A model of random weights, drawn when they are asked for. */
final class SyntheticSource implements SpeechSource {
    private final Size size;
    private final long seed;
    private final Qwen2Config languageModel;
    private final Path tokenizer;

    SyntheticSource(Size size, long seed) {
        this.size = size;
        this.seed = seed;
        SyntheticTokenizer ids = SyntheticTokenizer.of(size.codec());
        languageModel =
                size.languageModel()
                        .withVocabulary(
                                Math.max(size.languageModel().vocabSize(), ids.vocabularySize()));
        try {
            // The tokenizer's library reads files only.
            tokenizer = Files.createTempFile("sparktts", "tokenizer.json");
            tokenizer.toFile().deleteOnExit();
            Files.writeString(tokenizer, ids.json());
        } catch (IOException e) {
            throw new UncheckedIOException("the temporary folder cannot be written to", e);
        }
    }

    @Override
    public Qwen2Config languageConfig() {
        return languageModel;
    }

    @Override
    public WeightSource language() {
        return new SyntheticWeights(languageConfig(), seed);
    }

    @Override
    public BiCodecConfig codecConfig() {
        return size.codec();
    }

    @Override
    public WeightSource codec() {
        return SyntheticCodecWeights.biCodec(codecConfig(), size.speakerSizes(), seed);
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
        return size.features();
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
