package io.sparktts.text;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.OptionalInt;

class SyntheticTokenizerTest {
    /** Ids of Spark-TTS-0.5B: its embedding has 166000 rows, 842 of them beyond the last token. */
    @Test
    void publishedIds(@TempDir Path dir) throws IOException {
        SyntheticTokenizer synthetic = SyntheticTokenizer.published();
        assertEquals(166_000, synthetic.vocabularySize());
        try (Tokenizer tokenizer = open(dir, synthetic)) {
            Map<String, Integer> published =
                    Map.ofEntries(
                            Map.entry("<|endoftext|>", 151643),
                            Map.entry("<|im_end|>", 151645),
                            Map.entry("<|file_sep|>", 151664),
                            Map.entry("<|bicodec_global_0|>", 151665),
                            Map.entry("<|bicodec_semantic_0|>", 155761),
                            Map.entry("<|bicodec_semantic_8191|>", 163952),
                            Map.entry("<|pitch_value_1000|>", 164953),
                            Map.entry("<|pitch_var_value_0|>", 164954),
                            Map.entry("<|pitch_label_0|>", 164965),
                            Map.entry("<|pitch_var_label_4|>", 164974),
                            Map.entry("<|speed_value_0|>", 164975),
                            Map.entry("<|speed_label_0|>", 164986),
                            Map.entry("<|loudness_value_0|>", 164991),
                            Map.entry("<|loudness_label_0|>", 165022),
                            Map.entry("<|age_0|>", 165027),
                            Map.entry("<|gender_0|>", 165032),
                            Map.entry("<|emotion_100|>", 165135),
                            Map.entry("<|task_tts|>", 165137),
                            Map.entry("<|task_controllable_tts|>", 165143),
                            Map.entry("<|start_content|>", 165146),
                            Map.entry("<|start_semantic_token|>", 165151),
                            Map.entry("<|end_content|>", 165152),
                            Map.entry("<|end_semantic_token|>", 165157));
            published.forEach(
                    (token, id) -> {
                        assertEquals(OptionalInt.of(id), tokenizer.id(token), token);
                        assertArrayEquals(new int[] {id}, tokenizer.encode(token), token);
                    });
            SpeechTokens tokens = SpeechTokens.of(tokenizer);
            assertEquals(new TokenRange(151665, 4096), tokens.global());
            assertEquals(new TokenRange(155761, 8192), tokens.semantic());
            assertEquals(151645, tokens.endOfOutput());
            assertText(tokenizer);
        }
    }

    @Test
    void compact(@TempDir Path dir) throws IOException {
        SyntheticTokenizer synthetic = SyntheticTokenizer.compact(64, 16);
        try (Tokenizer tokenizer = open(dir, synthetic)) {
            SpeechTokens tokens = SpeechTokens.of(tokenizer);
            assertEquals(64, tokens.global().count());
            assertEquals(16, tokens.semantic().count());
            for (TokenFamily family : TokenFamily.values()) {
                assertTrue(tokens.range(family).isPresent(), family.name());
            }
            assertEquals(
                    synthetic.vocabularySize() - 1, tokens.id(ControlToken.END_SEMANTIC_TOKEN));
            assertText(tokenizer);
        }
        assertThrows(IllegalArgumentException.class, () -> SyntheticTokenizer.compact(0, 16));
    }

    /** The pipeline around the vocabulary is the golden tokenizer's. */
    @Test
    void pipelineIsTheGoldenOne() {
        JsonNode golden = Goldens.json(Goldens.TOKENIZER);
        JsonNode made = JsonMapper.shared().readTree(SyntheticTokenizer.compact(1, 1).json());
        assertEquals(golden.propertyNames(), made.propertyNames());
        for (String part : new String[] {"normalizer", "pre_tokenizer", "decoder", "truncation"}) {
            assertEquals(golden.get(part), made.get(part));
        }
        for (String key : golden.get("model").propertyNames()) {
            if (!key.equals("vocab") && !key.equals("merges")) {
                assertEquals(golden.get("model").get(key), made.get("model").get(key), key);
            }
        }
        assertEquals(
                golden.get("added_tokens").get(0).propertyNames(),
                made.get("added_tokens").get(0).propertyNames());
    }

    private static Tokenizer open(Path dir, SyntheticTokenizer synthetic) throws IOException {
        return Tokenizer.open(Files.writeString(dir.resolve("tokenizer.json"), synthetic.json()));
    }

    private static void assertText(Tokenizer tokenizer) {
        String text = "The other one, \u4f60\u597d \ud83d\ude42 \u0000 1234 <filler_300>\n";
        int[] ids = tokenizer.encode(text);
        assertEquals(text, tokenizer.decode(ids));
        assertTrue(Arrays.stream(ids).allMatch(id -> id < 300), "no filler in use");
        assertEquals(1, tokenizer.encode(" the").length, "merges are in use");
    }
}
