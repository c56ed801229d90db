package io.sparktts.audio;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.UUID;

/**
 * WAV files. A reader of our own, since {@code javax.sound} brings the whole desktop module into an
 * image and knows neither RF64 nor sizes of streams.
 */
public final class WavFile {
    private static final int BUFFER_BYTES = 1 << 16;

    private WavFile() {}

    /**
     * Reads channel 0, as the reference program does: RIFF or RF64, integers of 8 to 32 bits or
     * floating point of 32 or 64, {@code WAVE_FORMAT_EXTENSIBLE} included. Integers are divided by
     * their full scale.
     *
     * @throws AudioException if it cannot be read, is no such file, is truncated, has no samples or
     *     one that is not finite
     */
    public static Audio read(Path path) {
        if (Files.isDirectory(path)) {
            throw new AudioException(path, "is a directory, not a WAV file");
        }
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            return new WavReader(path, channel).read();
        } catch (IOException e) {
            throw new AudioException(path, "cannot be read: " + reason(e), e);
        }
    }

    /**
     * Writes signed 16-bit samples, rounded and clipped. A new file appears under its name when it
     * is complete: until then it is a temporary one in the same folder. A link's target is
     * replaced, not the link; what is no regular file (a pipe, {@code /dev/null}) is written
     * straight.
     *
     * @throws AudioException if it cannot be written, or a sample is NaN
     */
    public static void write(Path path, Audio audio) {
        if (Files.isDirectory(path)) {
            throw new AudioException(path, "cannot be written: it is a directory");
        }
        try {
            boolean exists = Files.exists(path);
            Path target = exists ? path.toRealPath() : path.toAbsolutePath();
            if (exists && !Files.isRegularFile(target)) {
                try (FileChannel out = FileChannel.open(target, StandardOpenOption.WRITE)) {
                    writeAll(out, path, audio);
                }
            } else {
                writeThenMove(target, path, audio);
            }
        } catch (IOException e) {
            throw new AudioException(path, "cannot be written: " + reason(e), e);
        }
    }

    private static void writeThenMove(Path target, Path named, Audio audio) throws IOException {
        // Not Files.createTempFile, whose files only their owner may read.
        Path part = target.resolveSibling("." + target.getFileName() + "." + UUID.randomUUID());
        try {
            try (FileChannel out =
                    FileChannel.open(
                            part, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
                writeAll(out, named, audio);
                out.force(true); // some file systems find out here that they are full
            }
            Files.move(part, target, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(part);
        }
    }

    private static void writeAll(FileChannel out, Path named, Audio audio) throws IOException {
        double[] samples = audio.samples();
        long dataBytes = (long) samples.length * Pcm16.BYTES;
        if (dataBytes > Pcm16.MAX_DATA_BYTES) {
            throw new AudioException(
                    named, samples.length + " samples are too many for a WAV file");
        }
        drain(out, Pcm16.header(audio.sampleRate(), dataBytes));
        ByteBuffer buffer = ByteBuffer.allocate(BUFFER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < samples.length; i++) {
            if (Double.isNaN(samples[i])) {
                throw new AudioException(named, "cannot be written: sample " + i + " is NaN");
            }
            buffer.putShort(Pcm16.encode(samples[i]));
            if (!buffer.hasRemaining()) {
                drain(out, buffer.flip());
                buffer.clear();
            }
        }
        drain(out, buffer.flip());
    }

    private static void drain(FileChannel out, ByteBuffer b) throws IOException {
        while (b.hasRemaining()) {
            out.write(b);
        }
    }

    /** Java's messages of these are only the file's name. */
    private static String reason(IOException e) {
        return switch (e) {
            case NoSuchFileException _ -> "no such file or folder";
            case AccessDeniedException _ -> "permission denied";
            case FileSystemException f when f.getReason() != null -> f.getReason();
            default -> String.valueOf(e.getMessage());
        };
    }
}
