package io.sparktts.text;

import static io.sparktts.text.Goldens.assertRefused;
import static io.sparktts.text.Goldens.ints;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.util.Utils;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.text.Normalizer;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

class TokenizerTest {
    private static final JsonNode GOLDEN = Goldens.json("tokenizer/tokenizer_golden.json");

    private static Tokenizer tiny() {
        return Tokenizer.open(Goldens.path(Goldens.TOKENIZER));
    }

    @ParameterizedTest
    @ValueSource(strings = {Goldens.TOKENIZER, "tokenizer/tokenizer_legacy_merges.json"})
    void goldenEncodingsAndDecodings(String file) {
        try (Tokenizer tokenizer = Tokenizer.open(Goldens.path(file))) {
            for (JsonNode c : GOLDEN.get("encodings").values()) {
                String text = c.get("text").stringValue();
                assertArrayEquals(ints(c.get("ids")), tokenizer.encode(text), text);
                assertDecoded(tokenizer, c);
            }
            for (JsonNode c : GOLDEN.get("decodings").values()) {
                assertDecoded(tokenizer, c);
            }
            assertFalse(GOLDEN.get("encodings").isEmpty() || GOLDEN.get("decodings").isEmpty());
        }
    }

    private static void assertDecoded(Tokenizer tokenizer, JsonNode c) {
        int[] ids = ints(c.get("ids"));
        String where = c.toString();
        assertEquals(c.get("decoded").stringValue(), tokenizer.decode(ids), where);
        assertEquals(
                c.get("decoded_skip_special").stringValue(), tokenizer.decode(ids, true), where);
    }

    @Test
    void goldenIds() {
        try (Tokenizer tokenizer = tiny()) {
            for (Map.Entry<String, JsonNode> e : GOLDEN.get("ids").properties()) {
                OptionalInt id = OptionalInt.of(e.getValue().intValue());
                assertEquals(id, tokenizer.id(e.getKey()));
                assertEquals(e.getKey(), tokenizer.decode(new int[] {id.getAsInt()}));
            }
            assertEquals(GOLDEN.get("ids").size(), tokenizer.addedTokens().size());
            assertEquals(OptionalInt.empty(), tokenizer.id("<|no_such_token|>"));
            JsonNode first = GOLDEN.get("encodings").get(1);
            assertEquals(
                    OptionalInt.of(first.get("ids").get(0).intValue()),
                    tokenizer.id(first.get("tokens").get(0).stringValue()),
                    "tokens of the vocabulary too");
        }
    }

    @Test
    void plainIsTheSameWithoutSpellings() {
        try (Tokenizer tokenizer = tiny()) {
            Set<Integer> added = new HashSet<>(tokenizer.addedTokens().values());
            int same = 0;
            for (JsonNode c : GOLDEN.get("encodings").values()) {
                String text = c.get("text").stringValue();
                int[] ids = ints(c.get("ids"));
                if (Arrays.stream(ids).noneMatch(added::contains)) {
                    assertArrayEquals(ids, tokenizer.encodePlain(text), text);
                    same++;
                } else {
                    assertPlain(tokenizer, added, text);
                }
            }
            assertTrue(same > 0);
        }
    }

    @Test
    void noSpellingBecomesAToken() {
        try (Tokenizer tokenizer = tiny()) {
            Set<Integer> added = new HashSet<>(tokenizer.addedTokens().values());
            for (String token : tokenizer.addedTokens().keySet()) {
                assertEquals(1, tokenizer.encode(token).length, token);
                for (String text : List.of(token, "a" + token + token + " b", "<|" + token)) {
                    assertPlain(tokenizer, added, text);
                }
            }
        }
    }

    private static void assertPlain(Tokenizer tokenizer, Set<Integer> added, String text) {
        int[] ids = tokenizer.encodePlain(text);
        assertTrue(Arrays.stream(ids).noneMatch(added::contains), text);
        assertEquals(Normalizer.normalize(text, Normalizer.Form.NFC), tokenizer.decode(ids));
    }

    /** Characters that compose, separate, contract, or need surrogates, in any order. */
    @Test
    void randomTextRoundTrips() {
        String[] pieces = {
            "a",
            "e",
            "\u0301",
            "\u0327",
            "\u0338",
            ">",
            "<",
            "|",
            " ",
            "  ",
            "\n",
            "\r\n",
            "\u00a0",
            "\u3000",
            "'s",
            "'LL",
            "1",
            "23",
            "\u4e2d\u6587",
            "\u1112",
            "\u1161",
            "\u11ab",
            "\ud83d\ude42",
            "\u200d",
            "\u0000",
            "\u212b",
            "the",
            ".",
            "!?"
        };
        Random random = new Random(5);
        try (Tokenizer tokenizer = tiny()) {
            for (int n = 0; n < 500; n++) {
                StringBuilder b = new StringBuilder();
                for (int i = random.nextInt(40); i >= 0; i--) {
                    b.append(pieces[random.nextInt(pieces.length)]);
                }
                String text = b.toString();
                int[] ids = tokenizer.encode(text);
                assertArrayEquals(ids, tokenizer.encodePlain(text), text);
                assertEquals(
                        Normalizer.normalize(text, Normalizer.Form.NFC), tokenizer.decode(ids));
            }
        }
    }

    @Test
    void longText() {
        String text = "Hello, w\u00f6rld \u8bed\u97f3\ud83d\ude42. ".repeat(6000);
        try (Tokenizer tokenizer = tiny()) {
            int[] ids = tokenizer.encodePlain(text);
            assertTrue(text.length() >= 100_000 && ids.length > 20_000);
            assertArrayEquals(tokenizer.encode(text), ids);
            assertEquals(text, tokenizer.decode(ids));
        }
    }

    @Test
    void unpairedSurrogatesAndUnknownIds() {
        try (Tokenizer tokenizer = tiny()) {
            assertEquals(
                    "a\ufffd\ud83d\ude42\ufffd",
                    tokenizer.decode(tokenizer.encode("a\ud83d\ud83d\ude42\ude42")));
            assertEquals("", tokenizer.decode(new int[] {Integer.MAX_VALUE, -1}));
        }
    }

    @Test
    void damagedFiles(@TempDir Path dir) throws IOException {
        Path file = dir.resolve("tokenizer.json");
        assertOpenRefused(file, "no such file");
        for (Map.Entry<String, String> e :
                Map.of(
                                "", "not a JSON object",
                                "[]", "not a JSON object",
                                "{", "not valid JSON",
                                "{}", "no vocabulary",
                                "{\"model\":{\"vocab\":{\"a\":-1}}}", "not an integer from 0",
                                "{\"model\":{\"vocab\":{\"a\":0}}}", "not a tokenizer")
                        .entrySet()) {
            Files.writeString(file, e.getKey());
            assertOpenRefused(file, e.getValue());
        }
        Files.write(file, new byte[] {'{', (byte) 0xff, '}'});
        assertOpenRefused(file, "cannot be read");
    }

    @Test
    void wrongAddedTokens(@TempDir Path dir) throws IOException {
        Path file = dir.resolve("tokenizer.json");
        change(file, token -> token.put("id", token.get("id").intValue() + 1));
        assertOpenRefused(file, "ids of added tokens continue the vocabulary");
        change(file, token -> token.remove("id"));
        assertOpenRefused(file, "not an integer from 0");
        change(file, token -> token.remove("content"));
        assertOpenRefused(file, "has no content");
    }

    /** The golden tokenizer with its last added token changed. */
    private static void change(Path file, Consumer<ObjectNode> change) throws IOException {
        ObjectNode root = (ObjectNode) Goldens.json(Goldens.TOKENIZER);
        JsonNode added = root.get("added_tokens");
        change.accept((ObjectNode) added.get(added.size() - 1));
        Files.writeString(file, JsonMapper.shared().writeValueAsString(root));
    }

    private static void assertOpenRefused(Path file, String part) {
        assertRefused(
                TokenizerException.class,
                () -> Tokenizer.open(file).close(),
                file.toString(),
                part);
    }

    @Test
    void nothingIsFetched() {
        try (Tokenizer tokenizer = tiny()) {
            assertTrue(Utils.isOfflineMode(), tokenizer.file().toString());
            assertThrows(IOException.class, () -> Utils.openUrl("https://publish.djl.ai/"));
        }
    }

    /** The library is loaded once a process, so each folder for it needs a process of its own. */
    @Test
    void libraryComesFromTheJar(@TempDir Path dir) throws Exception {
        String[] done = run(dir.resolve("cache"));
        assertEquals("1", done[0], done[1]);
        try (var files = Files.walk(dir.resolve("cache"))) {
            assertTrue(files.anyMatch(f -> f.getFileName().toString().contains("tokenizers.")));
        }
        Path blocked = Files.createFile(dir.resolve("blocked"));
        String message = run(blocked)[1];
        assertTrue(message.contains(blocked.toString()), message);
        assertTrue(message.contains("set DJL_CACHE_DIR"), message);
    }

    private static String[] run(Path cache) throws IOException, InterruptedException {
        ProcessBuilder java =
                new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--enable-native-access=ALL-UNNAMED",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Opener.class.getName(),
                        Goldens.path(Goldens.TOKENIZER).toString());
        java.environment().put("DJL_CACHE_DIR", cache.toString());
        java.environment().remove("ENGINE_CACHE_DIR");
        Process process = java.redirectErrorStream(true).start();
        String out =
                new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).trim();
        assertTrue(process.waitFor(1, TimeUnit.MINUTES));
        return new String[] {out.lines().findFirst().orElse(""), out};
    }

    /** Prints how many ids an end token has, or what is wrong. */
    static final class Opener {
        private Opener() {}

        public static void main(String[] args) {
            try (Tokenizer tokenizer = Tokenizer.open(Path.of(args[0]))) {
                System.out.println(tokenizer.encode("<|im_end|>").length);
            } catch (TokenizerException e) {
                System.out.println(e.getMessage());
            }
        }
    }
}
