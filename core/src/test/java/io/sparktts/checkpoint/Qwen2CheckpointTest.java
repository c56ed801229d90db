package io.sparktts.checkpoint;

import static io.sparktts.checkpoint.TestFiles.assertRefused;
import static io.sparktts.checkpoint.TestFiles.copy;
import static io.sparktts.checkpoint.TestFiles.golden;
import static io.sparktts.checkpoint.TestFiles.safetensors;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sparktts.backend.DType;
import io.sparktts.backend.HostTensor;
import io.sparktts.model.Qwen2Config;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

class Qwen2CheckpointTest {
    private static final String UP = "model.layers.1.mlp.up_proj.weight";

    @TempDir private Path folder = Path.of("");

    /** Opens the folder, whose files a test has changed. */
    private void assertBad(String... parts) {
        assertRefused(() -> Qwen2Checkpoint.open(folder).close(), parts);
    }

    private void editConfig(String from, String to) throws IOException {
        Path config = folder.resolve("config.json");
        String before = Files.readString(config);
        String after = before.replace(from, to);
        assertTrue(!before.equals(after), () -> "no " + from + " in " + before);
        Files.writeString(config, after);
    }

    /** Changes the header of the weights, keeping the data. */
    private void editHeader(String from, String to) throws IOException {
        Path file = folder.resolve("model.safetensors");
        byte[] bytes = Files.readAllBytes(file);
        int end = 8 + (int) ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong();
        String before = new String(bytes, 8, end - 8, StandardCharsets.UTF_8);
        String after = before.replace(from, to);
        assertTrue(!before.equals(after), () -> "no " + from + " in " + before);
        Files.write(file, safetensors(after, Arrays.copyOfRange(bytes, end, bytes.length)));
    }

    @ParameterizedTest
    @CsvSource({"tiny_ckpt, F32", "tiny_ckpt/LLM, F32", "llm_bf16, BF16"})
    void goldensOpen(String name, DType dtype) {
        try (Qwen2Checkpoint checkpoint = Qwen2Checkpoint.open(golden(name))) {
            assertEquals(Qwen2Config.TINY, checkpoint.config());
            assertEquals(dtype, checkpoint.storedDType());
            assertEquals(List.of(), checkpoint.warnings());
        }
    }

    @Test
    void tensorsLiveInTheirArena() throws IOException {
        HostTensor tensor;
        try (Arena arena = Arena.ofConfined();
                SafetensorsFile file = SafetensorsFile.open(golden("llm_bf16/model.safetensors"))) {
            try (Qwen2Checkpoint checkpoint = Qwen2Checkpoint.open(golden("llm_bf16"))) {
                tensor = checkpoint.tensor(UP, arena);
                assertRefused(
                        () -> checkpoint.tensor("absent", arena),
                        "model.safetensors: no tensor absent");
            }
            assertArrayEquals(new long[] {160, 64}, tensor.shape());
            assertArrayEquals(file.tensor(UP).toDoubles(), tensor.toDoubles());
        }
        assertThrows(IllegalStateException.class, () -> tensor.get(0));
    }

    @Test
    void missingFiles() throws IOException {
        assertRefused(
                () -> Qwen2Checkpoint.open(folder.resolve("absent")), "absent: no such folder");
        assertBad("config.json: no such file");
        copy("llm_bf16", folder);
        assertRefused(
                () -> Qwen2Checkpoint.open(folder.resolve("config.json")),
                "config.json: not a folder");
        Files.delete(folder.resolve("model.safetensors"));
        assertBad("model.safetensors: no such file");
    }

    @Test
    void missingTensor() throws IOException {
        copy("llm_bf16", folder);
        editHeader("model.norm.weight", "model.nnorm.weight");
        assertBad("model.safetensors: no tensor model.norm.weight");
    }

    @Test
    void wrongShape() throws IOException {
        copy("llm_bf16", folder);
        editHeader("[704,64]", "[64,704]");
        assertBad(
                "model.safetensors: tensor model.embed_tokens.weight has shape [64, 704]",
                "[704, 64]");
    }

    @Test
    void notFloat() throws IOException {
        copy("tiny_ckpt/LLM", folder);
        editHeader("\"F32\"", "\"I32\"");
        assertBad("model.safetensors: tensor model.embed_tokens.weight is I32, not a float tensor");
        editHeader("\"I32\"", "\"X32\"");
        assertBad("model.safetensors: tensor ", " has unknown dtype 'X32'");
    }

    @ParameterizedTest
    @CsvSource({
        "hidden_size, 64, 128, model.embed_tokens.weight",
        "vocab_size, 704, 705, model.embed_tokens.weight",
        "intermediate_size, 160, 161, model.layers.0.mlp.gate_proj.weight",
        "num_hidden_layers, 2, 3, model.layers.2.input_layernorm.weight",
        "num_hidden_layers, 2, 2147483647, model.layers.2.input_layernorm.weight",
        "num_key_value_heads, 2, 4, model.layers.0.self_attn.k_proj.weight",
        "num_attention_heads, 4, 16, model.layers.0.self_attn.k_proj.weight"
    })
    void configContradictsShapes(String key, String is, String becomes, String tensor)
            throws IOException {
        copy("llm_bf16", folder);
        editConfig("\"" + key + "\": " + is, "\"" + key + "\": " + becomes);
        assertBad("model.safetensors: ", tensor);
    }

    @Test
    void untiedHeadIsRequired() throws IOException {
        copy("llm_bf16", folder);
        editConfig("\"tie_word_embeddings\": true", "\"tie_word_embeddings\": false");
        assertBad("no tensor lm_head.weight");
    }

    @Test
    void unusedTensorsAreWarnedOf() throws IOException {
        copy("llm_bf16", folder);
        editConfig("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 1");
        try (Qwen2Checkpoint checkpoint = Qwen2Checkpoint.open(folder)) {
            assertEquals(1, checkpoint.warnings().size());
            String warning = checkpoint.warnings().getFirst();
            assertTrue(warning.contains("12 unused tensor(s): model.layers.1."), warning);
            assertTrue(warning.endsWith(", ..."), warning);
        }
    }

    @Test
    void mixedTypesAreWarnedOf() throws IOException {
        copy("llm_bf16", folder);
        editHeader(
                "\"model.norm.weight\":{\"dtype\":\"BF16\"",
                "\"model.norm.weight\":{\"dtype\":\"F16\"");
        try (Qwen2Checkpoint checkpoint = Qwen2Checkpoint.open(folder)) {
            assertEquals(
                    List.of("1 tensor(s) of another type than the embedding's bf16"),
                    checkpoint.warnings());
        }
    }

    /** Two shards made of one file each: all tensors of the golden, and one more. */
    private void shard(String goldenShard) throws IOException {
        copy("llm_bf16", folder);
        Path whole = folder.resolve("model.safetensors");
        StringBuilder map = new StringBuilder();
        try (SafetensorsFile file = SafetensorsFile.open(whole)) {
            for (String name : file.names()) {
                map.append('"').append(name).append("\":\"").append(goldenShard).append("\",");
            }
        }
        Files.move(whole, folder.resolve("model-00001-of-00002.safetensors"));
        Files.write(
                folder.resolve("model-00002-of-00002.safetensors"),
                safetensors(
                        "{\"x\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}",
                        new byte[1]));
        Files.writeString(
                folder.resolve("model.safetensors.index.json"),
                "{\"weight_map\":{" + map + "\"x\":\"model-00002-of-00002.safetensors\"}}");
    }

    @Test
    void shards() throws IOException {
        shard("model-00001-of-00002.safetensors");
        try (Qwen2Checkpoint checkpoint = Qwen2Checkpoint.open(folder);
                Arena arena = Arena.ofConfined()) {
            assertEquals(160 * 64, checkpoint.tensor(UP, arena).elements());
            assertEquals(1, checkpoint.warnings().size());
            assertTrue(checkpoint.warnings().getFirst().endsWith("1 unused tensor(s): x"));
        }
    }

    @Test
    void shardLacksTensor() throws IOException {
        shard("model-00002-of-00002.safetensors");
        assertBad("model-00002-of-00002.safetensors: no tensor ", "model.safetensors.index.json");
    }

    @Test
    void shardIsMissing() throws IOException {
        shard("other.safetensors");
        assertBad("other.safetensors: no such file");
    }

    @ParameterizedTest
    @CsvSource({
        "../x.safetensors",
        "/x.safetensors",
        "a/x.safetensors",
        "..\\\\x.safetensors",
        "x.bin",
        "''"
    })
    void shardNamesArePlain(String name) throws IOException {
        shard(name);
        assertBad("model.safetensors.index.json: tensor ", "not the plain name");
    }

    @Test
    void badIndex() throws IOException {
        shard("model-00001-of-00002.safetensors");
        Files.writeString(folder.resolve("model.safetensors.index.json"), "{\"weight_map\":[]}");
        assertBad("model.safetensors.index.json: no weight_map");
    }
}
