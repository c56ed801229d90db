package io.sparktts.checkpoint;

import static io.sparktts.checkpoint.TestFiles.assertRefused;
import static io.sparktts.checkpoint.TestFiles.golden;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sparktts.model.Qwen2Config;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

class Qwen2ConfigFileTest {
    private static final String OLD = "tiny_ckpt/LLM/config.json";
    private static final String NEW = "llm_bf16/config.json";

    @TempDir private Path folder = Path.of("");

    private Path edited(String golden, String from, String to) throws IOException {
        String before = Files.readString(golden(golden));
        assertTrue(before.contains(from), () -> "no " + from + " in " + before);
        return Files.writeString(folder.resolve("config.json"), before.replace(from, to));
    }

    private void assertBad(Path config, String... parts) {
        assertRefused(() -> Qwen2Checkpoint.readConfig(config), parts);
        assertRefused(() -> Qwen2Checkpoint.readConfig(config), "config.json: ");
    }

    @ParameterizedTest
    @ValueSource(strings = {OLD, NEW})
    void bothSpellings(String name) {
        assertEquals(Qwen2Config.TINY, Qwen2Checkpoint.readConfig(golden(name)));
    }

    @Test
    void headDimIsOptional() throws IOException {
        Path config = edited(NEW, "\"hidden_act\"", "\"head_dim\": 32, \"hidden_act\"");
        assertEquals(32, Qwen2Checkpoint.readConfig(config).headDim());
        config = edited(NEW, "\"hidden_act\"", "\"head_dim\": null, \"hidden_act\"");
        assertEquals(16, Qwen2Checkpoint.readConfig(config).headDim());
        assertBad(
                edited(NEW, "\"hidden_size\": 64", "\"hidden_size\": 66"),
                "hidden_size 66 is not a multiple");
    }

    @Test
    void tokensAreOptional() throws IOException {
        Path config = edited(NEW, "\"bos_token_id\": 470", "\"bos_token_id\": null");
        assertEquals(-1, Qwen2Checkpoint.readConfig(config).bosToken());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "hidden_size",
                "num_hidden_layers",
                "num_attention_heads",
                "num_key_value_heads",
                "intermediate_size",
                "vocab_size",
                "max_position_embeddings",
                "rms_norm_eps",
                "rope_theta",
                "tie_word_embeddings",
                "model_type",
                "hidden_act"
            })
    void missingKeys(String key) throws IOException {
        assertBad(edited(OLD, "\"" + key + "\"", "\"not_" + key + "\""), "no " + key);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "\"hidden_size\": 64 | \"hidden_size\": \"64\" | hidden_size is \"64\", not an"
                        + " integer",
                "\"hidden_size\": 64 | \"hidden_size\": 64.0 | hidden_size is 64.0, not an integer",
                "\"hidden_size\": 64 | \"hidden_size\": 4294967360 | hidden_size is 4294967360, not"
                        + " an integer",
                "\"hidden_size\": 64 | \"hidden_size\": null | hidden_size is null, not an integer",
                "\"vocab_size\": 704 | \"vocab_size\": -704 | vocab_size must be positive",
                "\"vocab_size\": 704 | \"vocab_size\": [704] | vocab_size is [704], not an integer",
                "\"num_key_value_heads\": 2 | \"num_key_value_heads\": 3 | not a multiple of"
                        + " num_key_value_heads 3",
                "\"num_attention_heads\": 4 | \"num_attention_heads\": 0 | not a multiple of"
                        + " num_attention_heads 0",
                "\"rms_norm_eps\": 1e-06 | \"rms_norm_eps\": true | rms_norm_eps is true, not a"
                        + " finite number",
                "\"rms_norm_eps\": 1e-06 | \"rms_norm_eps\": 1e999 | rms_norm_eps is",
                "\"rope_theta\": 1000000.0 | \"rope_theta\": -1 | rope_theta -1.0",
                "\"tie_word_embeddings\": true | \"tie_word_embeddings\": 1 | tie_word_embeddings"
                        + " is 1, not true or false",
                "\"eos_token_id\": 472 | \"eos_token_id\": [472] | eos_token_id is [472], not an"
                        + " integer",
                "\"eos_token_id\": 472 | \"eos_token_id\": -2 | eos_token_id is -2, not a token id",
                "\"model_type\": \"qwen2\" | \"model_type\": \"llama\" | model_type 'llama' is not"
                        + " supported",
                "\"hidden_act\": \"silu\" | \"hidden_act\": \"gelu\" | hidden_act 'gelu' is not"
                        + " supported",
                "\"use_sliding_window\": false | \"use_sliding_window\": true | use_sliding_window"
                        + " true is not supported",
                "\"rope_type\": \"default\" | \"rope_type\": \"yarn\" | rope_type 'yarn' is not"
                        + " supported",
                "\"rope_type\": \"default\" | \"type\": \"linear\" | type 'linear' is not"
                        + " supported",
                "\"use_cache\": true | \"rope_scaling\": {\"type\": \"dynamic\"} | type 'dynamic'"
                        + " is not supported",
                "\"use_cache\": true | \"rope_scaling\": 2 | rope_scaling is 2, not an object",
                "\"use_cache\": true | \"rope_theta\": 10000 | contradicts",
                "\"dtype\": \"bfloat16\" | \"dtype\": \"int8\" | dtype 'int8' is not supported",
                "\"full_attention\" | \"sliding_attention\" | layer_types",
                "\"use_cache\": true | \"vocab_size\": 9 | Duplicate"
            })
    void wrongValues(String from, String to, String problem) throws IOException {
        assertBad(edited(NEW, from, to), problem);
    }

    @Test
    void positionsThatNoTableHolds() throws IOException {
        Path config = edited(NEW, "\"use_cache\": true", "\"use_cache\": true, \"x\": 1");
        String text = Files.readString(config);
        String longer =
                text.replaceFirst(
                        "\"max_position_embeddings\": \\d+",
                        "\"max_position_embeddings\": 2000000000");
        assertNotEquals(text, longer);
        assertBad(Files.writeString(config, longer), "max_position_embeddings 2000000000");
    }

    @Test
    void notAnObject() throws IOException {
        Path config = folder.resolve("config.json");
        assertBad(Files.writeString(config, "[]"), "not a JSON object");
        assertBad(Files.writeString(config, ""), "the file is not");
        assertBad(Files.writeString(config, "{"), "not valid JSON");
    }
}
