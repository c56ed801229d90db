package io.sparktts.audio;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** Reads one WAV file; whatever it claims is checked against its length before it is believed. */
final class WavReader {
    private static final int ID_BYTES = 4;
    private static final int CHUNK_HEADER_BYTES = 8;
    private static final int FILE_HEADER_BYTES = 12;

    /** The size that stands for "in the ds64 chunk" or, without one, for "to the end". */
    private static final long UNKNOWN_BYTES = 0xFFFF_FFFFL;

    /** What programs that write to a pipe put where they cannot know the size: this or more. */
    private static final long PIPE_BYTES = 0x7FFF_F000L;

    /** Two gibibytes of samples once read: far longer than any reference clip. */
    private static final long MAX_FRAMES = 1L << 28;

    private static final int BUFFER_BYTES = 1 << 16;

    private final Path path;
    private final FileChannel channel;
    private final long fileBytes;

    WavReader(Path path, FileChannel channel) throws IOException {
        this.path = path;
        this.channel = channel;
        fileBytes = channel.size();
    }

    /** Channel 0. */
    Audio read() throws IOException {
        boolean large = checkHead();
        WavFormat format = null;
        long dataBytes64 = UNKNOWN_BYTES;
        long at = FILE_HEADER_BYTES;
        while (at + CHUNK_HEADER_BYTES <= fileBytes) {
            ByteBuffer header = bytes(at, CHUNK_HEADER_BYTES);
            String id = id(header);
            long size = header.getInt(ID_BYTES) & 0xFFFF_FFFFL;
            at += CHUNK_HEADER_BYTES;
            if (id.equals("data")) {
                if (format == null) {
                    throw error("its 'data' chunk comes before a 'fmt ' chunk");
                }
                return samples(format, at, dataBytes(at, size, large, dataBytes64));
            }
            if (size > fileBytes - at) {
                throw truncated(id, size, fileBytes - at);
            }
            if (id.equals("fmt ")) {
                format = format(at, size);
            } else if (id.equals("ds64") && size >= 16) {
                dataBytes64 = bytes(at + 8, 8).getLong(0);
            }
            at += size + (size & 1);
        }
        throw error(
                "truncated: no '"
                        + (format == null ? "fmt " : "data")
                        + "' chunk in "
                        + fileBytes
                        + " bytes");
    }

    /** Whether sizes may be in a ds64 chunk. */
    private boolean checkHead() throws IOException {
        if (fileBytes == 0) {
            throw error("empty file");
        }
        byte[] head = new byte[(int) Math.min(FILE_HEADER_BYTES, fileBytes)];
        bytes(0, head.length).get(head);
        String text = new String(head, StandardCharsets.ISO_8859_1);
        boolean large = text.startsWith("RF64") || text.startsWith("BW64");
        boolean riff = large || text.startsWith("RIFF");
        if (riff && head.length < FILE_HEADER_BYTES) {
            throw error("truncated: only " + fileBytes + " bytes");
        }
        if (!riff || !text.endsWith("WAVE")) {
            throw error("not a WAV file: it looks like " + WavFormat.guess(head));
        }
        return large;
    }

    private WavFormat format(long at, long size) throws IOException {
        try {
            return WavFormat.parse(bytes(at, (int) Math.min(size, WavFormat.EXTENSIBLE_BYTES)));
        } catch (AudioException e) {
            throw new AudioException(path, String.valueOf(e.getMessage()), e);
        }
    }

    private long dataBytes(long at, long size, boolean large, long size64) {
        long available = fileBytes - at;
        long claimed = large && size == UNKNOWN_BYTES ? size64 : size;
        if (claimed >= 0 && claimed <= available) {
            return claimed;
        }
        if (claimed == UNKNOWN_BYTES || (!large && claimed >= PIPE_BYTES)) {
            return available;
        }
        throw truncated("data", claimed, available);
    }

    private Audio samples(WavFormat format, long start, long dataBytes) throws IOException {
        int frameBytes = format.frameBytes();
        long frames = dataBytes / frameBytes;
        if (frames == 0) {
            throw error("no samples");
        }
        if (frames > MAX_FRAMES) {
            throw error(frames + " samples; valid: at most " + MAX_FRAMES);
        }
        double[] samples = new double[(int) frames];
        int most = BUFFER_BYTES / frameBytes;
        ByteBuffer buffer = ByteBuffer.allocate(most * frameBytes).order(ByteOrder.LITTLE_ENDIAN);
        for (int first = 0; first < samples.length; first += most) {
            int n = Math.min(most, samples.length - first);
            fill(buffer.clear().limit(n * frameBytes), start + (long) first * frameBytes);
            for (int i = 0; i < n; i++) {
                double x = format.encoding().read(buffer, i * frameBytes);
                if (!Double.isFinite(x)) {
                    throw error("sample " + (first + i) + " is " + x);
                }
                samples[first + i] = x;
            }
        }
        return new Audio(samples, format.sampleRate());
    }

    private ByteBuffer bytes(long at, int n) throws IOException {
        ByteBuffer b = ByteBuffer.allocate(n).order(ByteOrder.LITTLE_ENDIAN);
        fill(b, at);
        return b;
    }

    /** Reads up to the limit of {@code b} and rewinds it. */
    private void fill(ByteBuffer b, long at) throws IOException {
        while (b.hasRemaining()) {
            if (channel.read(b, at + b.position()) < 0) {
                throw error("became shorter while it was read");
            }
        }
        b.flip();
    }

    private static String id(ByteBuffer header) {
        byte[] id = new byte[ID_BYTES];
        header.get(0, id);
        return new String(id, StandardCharsets.ISO_8859_1);
    }

    private AudioException truncated(String chunk, long claimed, long available) {
        return error(
                "truncated: its '"
                        + chunk
                        + "' chunk claims "
                        + Long.toUnsignedString(claimed)
                        + " bytes, but "
                        + available
                        + " are left");
    }

    private AudioException error(String problem) {
        return new AudioException(path, problem);
    }
}
