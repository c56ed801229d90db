package io.sparktts.speech;

import io.sparktts.model.AudioConfig;
import io.sparktts.model.BiCodecConfig;
import io.sparktts.model.Qwen2Config;
import io.sparktts.model.Wav2Vec2Config;
import io.sparktts.model.WeightSource;

import java.nio.file.Path;

/** All parts of a Spark-TTS: configurations, weights and tokenizer. */
interface SpeechSource extends AutoCloseable {
    Qwen2Config languageConfig();

    WeightSource language();

    BiCodecConfig codecConfig();

    WeightSource codec();

    AudioConfig audio();

    Path tokenizer();

    /** Of wav2vec2, which only a reference clip with a transcript needs. */
    Wav2Vec2Config featureConfig();

    /** See {@link #featureConfig}. */
    WeightSource features();

    @Override
    void close();
}
