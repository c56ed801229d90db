package io.sparktts.text;

import static io.sparktts.text.Goldens.assertRefused;
import static io.sparktts.text.Goldens.ints;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;

class SpeechTokensTest {
    private static final JsonNode IDS = Goldens.json("tokenizer/tokenizer_golden.json").get("ids");

    @Test
    void goldenIds() {
        try (Tokenizer tokenizer = Tokenizer.open(Goldens.path(Goldens.TOKENIZER))) {
            SpeechTokens tokens = SpeechTokens.of(tokenizer);
            for (ControlToken token : ControlToken.values()) {
                assertEquals(IDS.get(token.spelling()).intValue(), tokens.id(token));
            }
            for (TokenFamily family : TokenFamily.values()) {
                TokenRange range = tokens.range(family).orElseThrow();
                for (int n = 0; n < range.count(); n++) {
                    assertEquals(IDS.get(family.spelling(n)).intValue(), range.id(n));
                }
                assertFalse(IDS.has(family.spelling(range.count())));
            }
            assertEquals(IDS.get("<|im_end|>").intValue(), tokens.endOfOutput());
        }
    }

    @Test
    void goldenOutputs() {
        JsonNode golden = Goldens.json("e2e/e2e_golden.json");
        try (Tokenizer tokenizer = Tokenizer.open(Goldens.path(Goldens.TOKENIZER))) {
            SpeechTokens tokens = SpeechTokens.of(tokenizer);
            for (JsonNode c : golden.get("cases").values()) {
                int[] ids = ints(c.get("greedy_new_ids"));
                assertArrayEquals(ints(c.get("semantic")), tokens.semantic(ids));
                assertArrayEquals(ints(c.get("global_")), tokens.global(ids));
                assertEquals(
                        c.get("decoded_skip_special").stringValue(), tokenizer.decode(ids, true));
            }
            JsonNode parse = golden.get("parse");
            int[] ids = ints(parse.get("ids"));
            assertArrayEquals(ints(parse.get("semantic")), tokens.semantic(ids));
            assertArrayEquals(ints(parse.get("global_")), tokens.global(ids));
            assertEquals(parse.get("text").stringValue(), tokenizer.decode(ids, true));
        }
    }

    @Test
    void everyNeededTokenIsMissed(@TempDir Path dir) throws IOException {
        for (ControlToken token : ControlToken.values()) {
            assertMissed(dir, token.spelling());
        }
        for (TokenFamily family : TokenFamily.values()) {
            if (!family.isExtraStyle()) {
                assertMissed(dir, family.spelling(0));
            }
        }
        assertMissed(dir, "<|emotion_0|>");
    }

    @Test
    void familiesMayBeAbsentButNotScattered(@TempDir Path dir) throws IOException {
        try (Tokenizer t = renamed(dir, s -> s.replace("<|age_", "<|aged_"))) {
            SpeechTokens tokens = SpeechTokens.of(t);
            assertEquals(Optional.empty(), tokens.range(TokenFamily.AGE));
            assertTrue(tokens.id(TokenFamily.AGE, 0).isEmpty());
        }
        Map<String, String> swap =
                Map.of(
                        "<|bicodec_semantic_1|>", "<|bicodec_semantic_2|>",
                        "<|bicodec_semantic_2|>", "<|bicodec_semantic_1|>");
        try (Tokenizer t = renamed(dir, s -> swap.getOrDefault(s, s))) {
            assertRefused(
                    TokenizerException.class,
                    () -> SpeechTokens.of(t),
                    "<|bicodec_semantic_1|>",
                    "not contiguous");
        }
    }

    private static void assertMissed(Path dir, String token) throws IOException {
        try (Tokenizer t = renamed(dir, s -> s.equals(token) ? "<|something_else|>" : s)) {
            assertRefused(
                    TokenizerException.class,
                    () -> SpeechTokens.of(t),
                    "no token " + token,
                    t.file().toString());
        }
    }

    /** The golden tokenizer with other spellings of added tokens. */
    private static Tokenizer renamed(Path dir, UnaryOperator<String> rename) throws IOException {
        JsonNode root = Goldens.json(Goldens.TOKENIZER);
        for (JsonNode token : root.get("added_tokens").values()) {
            String content = token.get("content").stringValue();
            ((ObjectNode) token).put("content", rename.apply(content));
        }
        Path file = dir.resolve("tokenizer.json");
        Files.writeString(file, JsonMapper.shared().writeValueAsString(root));
        return Tokenizer.open(file);
    }

    @Test
    void ranges() {
        TokenRange range = new TokenRange(10, 3);
        assertArrayEquals(new int[] {0, 2, 2}, range.numbers(new int[] {9, 10, 13, 12, -1, 12}));
        assertEquals(12, range.id(2));
        assertThrows(IndexOutOfBoundsException.class, () -> range.id(3));
        assertThrows(IndexOutOfBoundsException.class, () -> range.id(-1));
    }

    @Test
    void names() {
        assertEquals(Level.VERY_LOW, Level.of("very_low"));
        assertEquals("male", Gender.MALE.toString());
        assertRefused(
                IllegalArgumentException.class,
                () -> Level.of("loud\n"),
                "'loud?' is none of very_low, low, moderate, high, very_high");
    }
}
