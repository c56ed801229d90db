package io.sparktts.checkpoint;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.function.Executable;

import java.io.IOException;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;

/** Safetensors files as bytes, and the bundled goldens as paths. */
final class TestFiles {
    private TestFiles() {}

    /** A file of any header and data, whether they agree or not. */
    static byte[] safetensors(String header, byte[] data) {
        byte[] json = header.getBytes(StandardCharsets.UTF_8);
        return ByteBuffer.allocate(8 + json.length + data.length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(json.length)
                .put(json)
                .put(data)
                .array();
    }

    /** A file of the golden set under test: {@code -Dsparktts.golden=DIR}, or the bundled one. */
    static Path given(String name) {
        String directory = System.getProperty("sparktts.golden");
        return directory == null ? golden(name) : Path.of(directory).resolve(name);
    }

    /** A bundled file, for tests that know what is in it. */
    static Path golden(String name) {
        URL url = Objects.requireNonNull(TestFiles.class.getResource("/golden/" + name), name);
        try {
            return Path.of(url.toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    /** A copy of a golden model's folder that a test may damage. */
    static Path copy(String name, Path into) throws IOException {
        for (String file : new String[] {"config.json", "model.safetensors"}) {
            Files.copy(golden(name).resolve(file), into.resolve(file));
        }
        return into;
    }

    /** Runs what has to fail with one line that holds all {@code parts}. */
    static void assertRefused(Executable action, String... parts) {
        String message =
                String.valueOf(assertThrows(CheckpointException.class, action).getMessage());
        assertFalse(message.contains("\n"), message);
        for (String part : parts) {
            assertTrue(message.contains(part), () -> "expected '" + part + "' in: " + message);
        }
    }
}
