package io.sparktts.checkpoint;

import static io.sparktts.checkpoint.TestFiles.assertRefused;
import static io.sparktts.checkpoint.TestFiles.golden;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sparktts.backend.DType;
import io.sparktts.backend.HostTensor;
import io.sparktts.checkpoint.SyntheticCheckpoint.Size;
import io.sparktts.model.AudioConfig;
import io.sparktts.model.BiCodecConfig;
import io.sparktts.model.BiCodecTensors;
import io.sparktts.model.Qwen2Config;
import io.sparktts.model.SpeakerSizes;
import io.sparktts.model.SyntheticCodecWeights;
import io.sparktts.model.SyntheticWeights;
import io.sparktts.model.Wav2Vec2Config;
import io.sparktts.model.Wav2Vec2Tensors;
import io.sparktts.model.WeightSource;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

class SyntheticCheckpointTest {
    private static final String TOKENIZER =
            """
            {"added_tokens": [{"id": 900, "content": "<|endoftext|>"},
                              {"id": 902, "content": "<|im_end|>"}],
             "model": {"vocab": {"a": 0, "b": 1000}}}
            """;

    @TempDir private Path folder = Path.of("");

    private List<String> files() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(f -> f.getFileName().toString()).sorted().toList();
        }
    }

    @Test
    void opensAsWritten() {
        Path written = folder.resolve("new/tiny");
        SyntheticCheckpoint.write(written, Size.TINY, TOKENIZER, 7);
        try (SparkTtsCheckpoint checkpoint = SparkTtsCheckpoint.open(written)) {
            assertEquals(AudioConfig.SPARK_TTS_0_5B, checkpoint.audio());
            assertEquals(BiCodecConfig.TINY, checkpoint.codec().config());
            assertEquals(SpeakerSizes.TINY, checkpoint.codec().speakerSizes());
            assertEquals(Wav2Vec2Config.TINY, checkpoint.wav2vec2().config());
            Qwen2Config qwen2 = Qwen2Config.TINY.withVocabulary(1024).withTokens(900, 902);
            assertEquals(qwen2, checkpoint.languageModel().config());
            assertEquals(DType.F32, checkpoint.languageModel().storedDType());
            assertEquals(List.of(), checkpoint.languageModel().warnings());
            assertEquals(List.of(), checkpoint.codec().warnings());
            assertEquals(List.of(), checkpoint.wav2vec2().warnings());
            assertSameTensors(
                    new SyntheticWeights(qwen2, 7),
                    checkpoint.languageModel(),
                    List.of("model.embed_tokens.weight", "model.layers.1.mlp.down_proj.weight"));
            assertSameTensors(
                    SyntheticCodecWeights.biCodec(BiCodecConfig.TINY, SpeakerSizes.TINY, 7),
                    checkpoint.codec(),
                    BiCodecTensors.all(BiCodecConfig.TINY, SpeakerSizes.TINY).keySet());
            assertSameTensors(
                    SyntheticCodecWeights.wav2vec2(Wav2Vec2Config.TINY, 7),
                    checkpoint.wav2vec2(),
                    Wav2Vec2Tensors.all(Wav2Vec2Config.TINY).keySet());
        }
    }

    /** Up to the rounding of gains, where there are any. */
    private static void assertSameTensors(
            WeightSource expected, WeightSource actual, Iterable<String> names) {
        for (String name : names) {
            try (Arena arena = Arena.ofShared()) {
                double[] e = expected.tensor(name, arena).toDoubles();
                double[] a = actual.tensor(name, arena).toDoubles();
                assertEquals(e.length, a.length, name);
                for (int i = 0; i < e.length; i++) {
                    assertEquals(e[i], a[i], 2e-7 * Math.abs(e[i]), name);
                }
            }
        }
    }

    /** Configurations of the published size have the published values. */
    @Test
    void publishedConfigs() throws IOException {
        Path file = folder.resolve("config");
        Files.writeString(file, SyntheticConfigs.biCodec(BiCodecConfig.SPARK_TTS_0_5B));
        assertEquals(BiCodecConfig.SPARK_TTS_0_5B, BiCodecConfigFile.read(file));
        Files.writeString(file, SyntheticConfigs.wav2vec2(Wav2Vec2Config.XLSR_53));
        assertEquals(Wav2Vec2Config.XLSR_53, Wav2Vec2ConfigFile.read(file));
        Files.writeString(file, SyntheticConfigs.qwen2(Qwen2Config.SPARK_TTS_0_5B));
        assertEquals(Qwen2Config.SPARK_TTS_0_5B, Qwen2Checkpoint.readConfig(file));
        Files.writeString(file, SyntheticConfigs.audio(AudioConfig.SPARK_TTS_0_5B));
        assertEquals(AudioConfig.SPARK_TTS_0_5B, AudioConfigFile.read(file));
    }

    /** The keys of the configuration that comes with the goldens, which was checked by hash. */
    @Test
    void publishedKeys() throws IOException {
        Path file = folder.resolve("config.yaml");
        Files.writeString(file, SyntheticConfigs.biCodec(BiCodecConfig.TINY));
        assertEquals(
                Json.readYaml(golden("tiny_ckpt/BiCodec/config.yaml")).findPath("speaker_encoder"),
                Json.readYaml(file).findPath("speaker_encoder"));
        for (String block : Json.readYaml(file).path("audio_tokenizer").propertyNames()) {
            assertTrue(
                    Json.readYaml(golden("tiny_ckpt/BiCodec/config.yaml"))
                            .path("audio_tokenizer")
                            .has(block),
                    block);
        }
        Files.writeString(file, SyntheticConfigs.qwen2(Qwen2Config.TINY));
        assertEquals(
                Json.read(golden("tiny_ckpt/LLM/config.json")).propertyNames(),
                Json.read(file).propertyNames());
    }

    @Test
    void existingFoldersAreKept() throws IOException {
        Path kept = Files.createDirectory(folder.resolve("kept"));
        SyntheticCheckpoint.write(kept, Size.TINY, TOKENIZER, 1);
        assertRefused(
                () -> SyntheticCheckpoint.write(kept, Size.TINY, TOKENIZER, 1), "kept: not empty");
        SparkTtsCheckpoint.open(kept).close();
        Files.writeString(folder.resolve("file"), "");
        assertRefused(
                () -> SyntheticCheckpoint.write(folder.resolve("file"), Size.TINY, TOKENIZER, 1),
                "file: not a folder");
    }

    @Test
    void failureLeavesNothing() throws IOException {
        Path target = folder.resolve("x");
        assertRefused(
                () -> SyntheticCheckpoint.write(target, Size.TINY, "{}", 1),
                "tokenizer.json: no added token <|endoftext|>");
        assertRefused(() -> SyntheticCheckpoint.write(target, Size.TINY, "{", 1), "not valid JSON");
        assertEquals(List.of(), files());
    }

    @Test
    void sizes() {
        assertEquals(Size.PUBLISHED, Size.parse("0.5B"));
        assertEquals(Size.TINY, Size.parse("tiny"));
        assertTrue(
                String.valueOf(
                                assertThrows(
                                                IllegalArgumentException.class,
                                                () -> Size.parse("small"))
                                        .getMessage())
                        .contains("unknown size 'small'; valid: tiny, 0.5b"));
    }

    @Test
    void weightsAreInRange() {
        SyntheticCodecWeights weights =
                SyntheticCodecWeights.biCodec(BiCodecConfig.TINY, SpeakerSizes.TINY, 3);
        BiCodecTensors.forEach(
                BiCodecConfig.TINY,
                SpeakerSizes.TINY,
                (name, shape) -> {
                    try (Arena arena = Arena.ofShared()) {
                        HostTensor t = weights.tensor(name, arena);
                        assertArrayEquals(shape, t.shape());
                        double[] values = t.toDoubles();
                        assertTrue(Arrays.stream(values).allMatch(v -> Math.abs(v) < 4), name);
                        if (name.endsWith("running_var") || name.endsWith("alpha")) {
                            assertTrue(Arrays.stream(values).allMatch(v -> v > 0.5), name);
                        }
                    }
                });
        assertThrows(
                IllegalArgumentException.class, () -> weights.tensor("absent", Arena.ofAuto()));
    }

    @Test
    void writerKeepsOrderAndReplaces() throws IOException {
        Path file = folder.resolve("model.safetensors");
        Map<String, long[]> shapes = new LinkedHashMap<>();
        shapes.put("b", new long[] {2, 3});
        shapes.put("a", new long[] {});
        shapes.put("none", new long[] {0, 4});
        for (int round = 0; round < 2; round++) {
            double base = round;
            SafetensorsWriter.write(
                    file,
                    shapes,
                    DType.BF16,
                    (name, arena) -> {
                        double[] values =
                                new double[name.equals("b") ? 6 : name.equals("a") ? 1 : 0];
                        Arrays.setAll(values, i -> base + i);
                        return HostTensor.of(
                                arena, DType.BF16, values, shapes.getOrDefault(name, new long[0]));
                    });
            try (SafetensorsFile read = SafetensorsFile.open(file)) {
                assertEquals(List.of("b", "a", "none"), List.copyOf(read.names()));
                assertEquals(DType.BF16, read.dtype("b"));
                assertEquals(base + 5, read.tensor("b").get(5));
                assertEquals(base, read.tensor("a").get(0));
            }
        }
        assertEquals(List.of("model.safetensors"), files());
    }

    @Test
    void failedWriteLeavesNothing() throws IOException {
        Path file = folder.resolve("model.safetensors");
        Map<String, long[]> shapes = Map.of("w", new long[] {2});
        assertRefused(
                () ->
                        SafetensorsWriter.write(
                                file,
                                shapes,
                                DType.F32,
                                (name, arena) -> HostTensor.allocate(arena, DType.F32, 3)),
                "tensor w to write is F32[3], not F32[2]");
        assertThrows(
                IllegalStateException.class,
                () ->
                        SafetensorsWriter.write(
                                file,
                                shapes,
                                DType.F32,
                                (name, arena) -> {
                                    throw new IllegalStateException("no weights");
                                }));
        assertRefused(
                () ->
                        SafetensorsWriter.write(
                                folder.resolve("absent/model.safetensors"),
                                shapes,
                                DType.F32,
                                (name, arena) -> HostTensor.allocate(arena, DType.F32, 2)),
                "cannot be written");
        assertFalse(Files.exists(file));
        assertEquals(List.of(), files());
    }
}
