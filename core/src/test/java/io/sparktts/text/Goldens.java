package io.sparktts.text;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.function.Executable;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Path;
import java.util.Objects;

/** The golden files, the bundled ones or those of {@code -Dsparktts.golden=DIR}. */
final class Goldens {
    static final String TOKENIZER = "tiny_ckpt/LLM/tokenizer.json";

    private Goldens() {}

    static Path path(String name) {
        String directory = System.getProperty("sparktts.golden");
        if (directory != null && !directory.isEmpty()) {
            return Path.of(directory, name);
        }
        URL url = Objects.requireNonNull(Goldens.class.getResource("/golden/" + name), name);
        try {
            return Path.of(url.toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    static JsonNode json(String name) {
        return JsonMapper.shared().readTree(path(name));
    }

    static int[] ints(JsonNode array) {
        return array.values().stream().mapToInt(JsonNode::asInt).toArray();
    }

    /** Runs what has to fail with one line that holds all {@code parts}. */
    static void assertRefused(
            Class<? extends RuntimeException> type, Executable action, String... parts) {
        String message = String.valueOf(assertThrows(type, action).getMessage());
        assertFalse(message.contains("\n"), message);
        for (String part : parts) {
            assertTrue(message.contains(part), () -> "expected '" + part + "' in: " + message);
        }
    }
}
