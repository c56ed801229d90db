package io.sparktts.harness;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Reads the whole lines that another process appended to a file since the last look. */
public final class LineTail {
    private final Path file;
    private long position;

    /**
     * A reader that has seen nothing yet.
     *
     * @param position where to begin, in bytes
     */
    public LineTail(Path file, long position) {
        this.file = file;
        this.position = position;
    }

    /** New lines; a last one without its end waits for the next call. */
    public List<String> next() {
        if (!Files.exists(file)) {
            return List.of();
        }
        try (RandomAccessFile in = new RandomAccessFile(file.toFile(), "r")) {
            long length = in.length();
            if (length <= position) {
                return List.of();
            }
            byte[] bytes = new byte[Math.toIntExact(length - position)];
            in.seek(position);
            in.readFully(bytes);
            int end = bytes.length;
            while (end > 0 && bytes[end - 1] != '\n') {
                end--;
            }
            position += end;
            return new String(bytes, 0, end, StandardCharsets.UTF_8).lines().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(file + " cannot be read: " + e.getMessage(), e);
        }
    }
}
