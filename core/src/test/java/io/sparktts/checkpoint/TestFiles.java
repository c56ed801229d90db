package io.sparktts.checkpoint;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.function.Executable;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Objects;
import java.util.function.UnaryOperator;

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

    /** Writes the tensors of a file as safetensors under other names. */
    static void convert(TensorFile from, Path to, UnaryOperator<String> rename) throws IOException {
        StringBuilder header = new StringBuilder();
        ByteArrayOutputStream data = new ByteArrayOutputStream();
        for (String name : from.names()) {
            int begin = data.size();
            try (Arena arena = Arena.ofConfined()) {
                data.writeBytes(from.bytes(name, arena).toArray(ValueLayout.JAVA_BYTE));
            }
            header.append(header.isEmpty() ? "{" : ",");
            header.append('"').append(rename.apply(name)).append("\":{\"dtype\":\"");
            header.append(from.stored(name)).append("\",\"shape\":");
            header.append(Arrays.toString(from.shape(name))).append(",\"data_offsets\":[");
            header.append(begin).append(',').append(data.size()).append("]}");
        }
        Files.write(to, safetensors(header.append('}').toString(), data.toByteArray()));
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
