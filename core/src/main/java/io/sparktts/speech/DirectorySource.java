package io.sparktts.speech;

import io.sparktts.checkpoint.SparkTtsCheckpoint;
import io.sparktts.model.AudioConfig;
import io.sparktts.model.BiCodecConfig;
import io.sparktts.model.Qwen2Config;
import io.sparktts.model.Wav2Vec2Config;
import io.sparktts.model.WeightSource;

import java.nio.file.Path;

/** A checkpoint directory. */
final class DirectorySource implements SpeechSource {
    private final SparkTtsCheckpoint checkpoint;

    DirectorySource(Path directory) {
        checkpoint = SparkTtsCheckpoint.open(directory);
    }

    @Override
    public Qwen2Config languageConfig() {
        return checkpoint.languageModel().config();
    }

    @Override
    public WeightSource language() {
        return checkpoint.languageModel();
    }

    @Override
    public BiCodecConfig codecConfig() {
        return checkpoint.codec().config();
    }

    @Override
    public WeightSource codec() {
        return checkpoint.codec();
    }

    @Override
    public AudioConfig audio() {
        return checkpoint.audio();
    }

    @Override
    public Path tokenizer() {
        return checkpoint.tokenizerFile();
    }

    @Override
    public Wav2Vec2Config featureConfig() {
        return checkpoint.wav2vec2().config();
    }

    @Override
    public WeightSource features() {
        return checkpoint.wav2vec2();
    }

    @Override
    public void close() {
        checkpoint.close();
    }
}
