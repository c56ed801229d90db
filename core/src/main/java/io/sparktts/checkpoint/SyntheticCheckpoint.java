package io.sparktts.checkpoint;

import io.sparktts.backend.DType;
import io.sparktts.model.AudioConfig;
import io.sparktts.model.BiCodecConfig;
import io.sparktts.model.BiCodecTensors;
import io.sparktts.model.Qwen2Config;
import io.sparktts.model.Qwen2Tensors;
import io.sparktts.model.SpeakerSizes;
import io.sparktts.model.SyntheticCodecWeights;
import io.sparktts.model.SyntheticWeights;
import io.sparktts.model.Wav2Vec2Config;
import io.sparktts.model.Wav2Vec2Tensors;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Writes a complete Spark-TTS of random weights in the published layout, for tests and for
 * measuring where the published weights are not at hand. What inference never reads is left out.
 */
public final class SyntheticCheckpoint {
    /** Embedding rows are a multiple of this. */
    private static final int ROW_BLOCK = 32;

    private static final String MODEL = "model.safetensors";

    private SyntheticCheckpoint() {}

    /** How large a model is. */
    @SuppressWarnings("ImmutableEnumChecker") // the records are, with lists they have copied
    public enum Size {
        /** For tests: a few megabytes. */
        TINY("tiny", Qwen2Config.TINY, BiCodecConfig.TINY, SpeakerSizes.TINY, Wav2Vec2Config.TINY),
        /** As published: about 3.4 GB. */
        PUBLISHED(
                "0.5b",
                Qwen2Config.SPARK_TTS_0_5B,
                BiCodecConfig.SPARK_TTS_0_5B,
                SpeakerSizes.SPARK_TTS_0_5B,
                Wav2Vec2Config.XLSR_53);

        private final String id;
        private final Qwen2Config languageModel;
        private final BiCodecConfig codec;
        private final SpeakerSizes speakerSizes;
        private final Wav2Vec2Config features;

        Size(
                String id,
                Qwen2Config languageModel,
                BiCodecConfig codec,
                SpeakerSizes speakerSizes,
                Wav2Vec2Config features) {
            this.id = id;
            this.languageModel = languageModel;
            this.codec = codec;
            this.speakerSizes = speakerSizes;
            this.features = features;
        }

        /** The name as people type it. */
        public String id() {
            return id;
        }

        /** Sizes of the language model. */
        public Qwen2Config languageModel() {
            return languageModel;
        }

        /** Sizes of what the codec makes a voice of. */
        public SpeakerSizes speakerSizes() {
            return speakerSizes;
        }

        /** Sizes of wav2vec2. */
        public Wav2Vec2Config features() {
            return features;
        }

        /** Sizes of the codec, whose codebooks the tokenizer has to have tokens for. */
        public BiCodecConfig codec() {
            return codec;
        }

        /**
         * Parses {@code tiny} or {@code 0.5b}.
         *
         * @throws IllegalArgumentException naming the valid ones
         */
        public static Size parse(String text) {
            return Arrays.stream(values())
                    .filter(s -> s.id.equals(text.toLowerCase(Locale.ROOT)))
                    .findFirst()
                    .orElseThrow(
                            () ->
                                    new IllegalArgumentException(
                                            "unknown size '"
                                                    + text
                                                    + "'; valid: "
                                                    + Arrays.stream(values())
                                                            .map(Size::id)
                                                            .collect(Collectors.joining(", "))));
        }
    }

    /**
     * Writes a checkpoint. The folder appears when all is written, or not at all.
     *
     * @param folder new or empty
     * @param size of all parts
     * @param tokenizerJson content of {@code LLM/tokenizer.json}; the embedding gets a row for each
     *     of its ids, or as many as the size has if those are more
     * @param seed of the weights
     * @throws CheckpointException if the folder is not empty or cannot be written, or the tokenizer
     *     lacks the tokens that begin and end a text
     */
    public static void write(Path folder, Size size, String tokenizerJson, long seed) {
        Path target = folder.toAbsolutePath().normalize();
        Path part = target.resolveSibling(target.getFileName() + "." + UUID.randomUUID() + ".part");
        try {
            requireEmpty(folder);
            Files.createDirectories(part);
            writeAll(part, size, tokenizerJson, seed);
            Files.deleteIfExists(target);
            Files.move(part, target);
        } catch (IOException e) {
            deleteTree(part, e);
            throw new CheckpointException(folder, "cannot be written: " + e.getMessage(), e);
        } catch (RuntimeException | Error e) {
            deleteTree(part, e);
            throw e;
        }
    }

    private static void requireEmpty(Path folder) throws IOException {
        if (!Files.exists(folder)) {
            return;
        }
        if (!Files.isDirectory(folder)) {
            throw new CheckpointException(folder, "not a folder");
        }
        try (Stream<Path> files = Files.list(folder)) {
            if (files.findAny().isPresent()) {
                throw new CheckpointException(folder, "not empty; name a new folder");
            }
        }
    }

    private static void writeAll(Path folder, Size size, String tokenizerJson, long seed)
            throws IOException {
        AudioConfig audio = AudioConfig.SPARK_TTS_0_5B;
        Files.writeString(folder.resolve(SparkTtsCheckpoint.AUDIO), SyntheticConfigs.audio(audio));

        Path llm = Files.createDirectory(folder.resolve(SparkTtsCheckpoint.LANGUAGE_MODEL));
        Path tokenizer =
                Files.writeString(llm.resolve(SparkTtsCheckpoint.TOKENIZER), tokenizerJson);
        Qwen2Config qwen2 = withTokens(size.languageModel, tokenizer, tokenizerJson);
        Files.writeString(llm.resolve("config.json"), SyntheticConfigs.qwen2(qwen2));
        SafetensorsWriter.write(
                llm.resolve(MODEL),
                Qwen2Tensors.all(qwen2),
                DType.F32,
                new SyntheticWeights(qwen2, seed));

        Path codec = Files.createDirectory(folder.resolve(SparkTtsCheckpoint.CODEC));
        Files.writeString(codec.resolve("config.yaml"), SyntheticConfigs.biCodec(size.codec));
        UnfoldedWeights codecWeights =
                new UnfoldedWeights(
                        BiCodecTensors.all(size.codec, size.speakerSizes),
                        SyntheticCodecWeights.biCodec(size.codec, size.speakerSizes, seed),
                        "",
                        BiCodecTensors::isWeightNormed,
                        BiCodecCheckpoint.NORM_AXIS);
        SafetensorsWriter.write(
                codec.resolve(MODEL), codecWeights.shapes(), DType.F32, codecWeights);

        Path features = Files.createDirectory(folder.resolve(SparkTtsCheckpoint.FEATURES));
        Files.writeString(
                features.resolve("config.json"), SyntheticConfigs.wav2vec2(size.features));
        Files.writeString(
                features.resolve("preprocessor_config.json"), SyntheticConfigs.preprocessor(audio));
        UnfoldedWeights featureWeights =
                new UnfoldedWeights(
                        Wav2Vec2Tensors.all(size.features),
                        SyntheticCodecWeights.wav2vec2(size.features, seed),
                        Wav2Vec2Checkpoint.PREFIX,
                        Wav2Vec2Tensors::isWeightNormed,
                        Wav2Vec2Checkpoint.NORM_AXIS);
        SafetensorsWriter.write(
                features.resolve(MODEL), featureWeights.shapes(), DType.F32, featureWeights);
    }

    /** The language model with the tokens of a tokenizer. */
    private static Qwen2Config withTokens(Qwen2Config config, Path file, String tokenizerJson) {
        ObjectNode root =
                Json.object(file, "the file", tokenizerJson.getBytes(StandardCharsets.UTF_8));
        List<JsonNode> added = root.path("added_tokens").values().stream().toList();
        int greatest =
                Stream.concat(
                                root.path("model").path("vocab").values().stream(),
                                added.stream().map(t -> t.path("id")))
                        .mapToInt(id -> id.asInt(-1))
                        .max()
                        .orElse(-1);
        int rows = Math.ceilDiv(greatest + 1, ROW_BLOCK) * ROW_BLOCK;
        return config.withVocabulary(Math.max(config.vocabSize(), rows))
                .withTokens(
                        tokenId(file, added, "<|endoftext|>"), tokenId(file, added, "<|im_end|>"));
    }

    private static int tokenId(Path file, List<JsonNode> added, String content) {
        return added.stream()
                .filter(t -> t.path("content").asString("").equals(content))
                .map(t -> t.path("id").asInt(-1))
                .findFirst()
                .orElseThrow(() -> new CheckpointException(file, "no added token " + content));
    }

    private static void deleteTree(Path folder, Throwable reason) {
        if (!Files.exists(folder)) {
            return;
        }
        try (Stream<Path> tree = Files.walk(folder)) {
            for (Path path : tree.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        } catch (IOException e) {
            reason.addSuppressed(e);
        }
    }
}
