package io.sparktts.checkpoint;

import io.sparktts.model.AudioConfig;
import io.sparktts.model.BiCodecConfig;
import io.sparktts.model.Wav2Vec2Config;

import org.jspecify.annotations.Nullable;

import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A whole Spark-TTS on disk, in the published layout: {@code config.yaml}, {@code LLM}, {@code
 * BiCodec} and {@code wav2vec2-large-xlsr-53}. The last is opened when it is first asked for: only
 * voices that are taken from a clip need it.
 */
public final class SparkTtsCheckpoint implements AutoCloseable {
    static final String AUDIO = "config.yaml";
    static final String LANGUAGE_MODEL = "LLM";
    static final String TOKENIZER = "tokenizer.json";
    static final String CODEC = "BiCodec";
    static final String FEATURES = "wav2vec2-large-xlsr-53";

    private final Path folder;
    private final AudioConfig audio;
    private final Qwen2Checkpoint languageModel;
    private final BiCodecCheckpoint codec;
    private @Nullable Wav2Vec2Checkpoint features;

    private SparkTtsCheckpoint(
            Path folder,
            AudioConfig audio,
            Qwen2Checkpoint languageModel,
            BiCodecCheckpoint codec) {
        this.folder = folder;
        this.audio = audio;
        this.languageModel = languageModel;
        this.codec = codec;
    }

    /**
     * Opens and checks all but wav2vec2.
     *
     * @throws CheckpointException naming the file that is missing or wrong
     */
    public static SparkTtsCheckpoint open(Path folder) {
        requireFolder(folder, "");
        AudioConfig audio = AudioConfigFile.read(folder.resolve(AUDIO));
        Path llm = requireFolder(folder.resolve(LANGUAGE_MODEL), ", which has the language model");
        Path bicodec = requireFolder(folder.resolve(CODEC), ", which has the codec");
        Path tokenizer = llm.resolve(TOKENIZER);
        if (!Files.isRegularFile(tokenizer)) {
            throw new CheckpointException(tokenizer, "no such file");
        }
        Qwen2Checkpoint languageModel = Qwen2Checkpoint.open(llm);
        try {
            BiCodecCheckpoint codec = BiCodecCheckpoint.open(bicodec);
            try {
                checkRates(folder.resolve(AUDIO), audio, codec.config());
                return new SparkTtsCheckpoint(folder, audio, languageModel, codec);
            } catch (RuntimeException | Error e) {
                codec.close();
                throw e;
            }
        } catch (RuntimeException | Error e) {
            languageModel.close();
            throw e;
        }
    }

    private static Path requireFolder(Path folder, String use) {
        if (!Files.isDirectory(folder)) {
            throw new CheckpointException(
                    folder, (Files.exists(folder) ? "not a folder" : "no such folder") + use);
        }
        return folder;
    }

    private static void checkRates(Path file, AudioConfig audio, BiCodecConfig codec) {
        if (audio.sampleRate() != codec.mel().sampleRate()
                || audio.latentHopLength() != codec.decoder().hopLength()) {
            throw new CheckpointException(
                    file,
                    "sample_rate "
                            + audio.sampleRate()
                            + ", latent_hop_length "
                            + audio.latentHopLength()
                            + " contradict the codec's "
                            + codec.mel().sampleRate()
                            + ", "
                            + codec.decoder().hopLength());
        }
    }

    /** Settings of the audio front end. */
    public AudioConfig audio() {
        return audio;
    }

    /** The language model. */
    public Qwen2Checkpoint languageModel() {
        return languageModel;
    }

    /** The codec. */
    public BiCodecCheckpoint codec() {
        return codec;
    }

    /** The language model's {@code tokenizer.json}, which is there but was not read. */
    public Path tokenizerFile() {
        return folder.resolve(LANGUAGE_MODEL).resolve(TOKENIZER);
    }

    /**
     * The feature extractor, opened on the first call.
     *
     * @throws CheckpointException if it is missing, wrong, or of another width than the codec's
     *     encoder takes
     */
    public synchronized Wav2Vec2Checkpoint wav2vec2() {
        Wav2Vec2Checkpoint opened = features;
        if (opened == null) {
            Path path = requireFolder(folder.resolve(FEATURES), ", which voices from a clip need");
            opened = Wav2Vec2Checkpoint.open(path);
            Wav2Vec2Config config = opened.config();
            int width = codec.config().encoder().inputChannels();
            if (config.hiddenSize() != width) {
                opened.close();
                throw new CheckpointException(
                        path.resolve("config.json"),
                        "hidden_size "
                                + config.hiddenSize()
                                + ", but the codec's encoder.input_channels are "
                                + width);
            }
            features = opened;
        }
        return opened;
    }

    /** Closes all files. Tensors live on in the arenas they were made in. */
    @Override
    public synchronized void close() {
        if (features != null) {
            features.close();
        }
        codec.close();
        languageModel.close();
    }
}
