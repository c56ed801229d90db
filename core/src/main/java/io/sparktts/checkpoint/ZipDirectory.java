package io.sparktts.checkpoint;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/**
 * The central directory of a zip archive, zip64 included, whose entries are stored as they are (<a
 * href="https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT">format</a>, sections 4.3 and
 * 4.5). It says where in the file an entry's bytes are, so that they can be mapped, which {@code
 * java.util.zip} does not tell.
 */
final class ZipDirectory {
    private static final int END = 0x06054b50;
    private static final int END_BYTES = 22;
    private static final int MAX_COMMENT_BYTES = 0xffff;
    private static final int END_64_LOCATOR = 0x07064b50;
    private static final int END_64_LOCATOR_BYTES = 20;
    private static final int END_64 = 0x06064b50;
    private static final int END_64_BYTES = 56;
    private static final int ENTRY = 0x02014b50;
    private static final int ENTRY_BYTES = 46;
    private static final int LOCAL = 0x04034b50;
    private static final int LOCAL_BYTES = 30;
    private static final int EXTRA_64 = 1;
    private static final int ENCRYPTED = 1;

    /** Room for a million tensors. */
    private static final int MAX_DIRECTORY_BYTES = 64 << 20;

    private final Path path;
    private final FileChannel channel;
    private final long fileBytes;
    private final Map<String, Entry> entries = new HashMap<>();

    /**
     * Where an entry's bytes are in the file.
     *
     * @param begin first of them
     * @param bytes how many
     */
    record Range(long begin, long bytes) {}

    /**
     * @param header where the local header begins, which the bytes follow
     */
    private record Entry(long header, long bytes, long storedBytes, int method, int flags) {}

    /** Reads the directory of an open file. */
    ZipDirectory(Path path, FileChannel channel) throws IOException {
        this.path = path;
        this.channel = channel;
        fileBytes = channel.size();
        ByteBuffer tail = tail();
        int end = findEnd(tail);
        long count = Short.toUnsignedLong(tail.getShort(end + 10));
        long bytes = Integer.toUnsignedLong(tail.getInt(end + 12));
        long begin = Integer.toUnsignedLong(tail.getInt(end + 16));
        int locator = end - END_64_LOCATOR_BYTES;
        if (locator >= 0 && tail.getInt(locator) == END_64_LOCATOR) {
            ByteBuffer end64 = read(tail.getLong(locator + 8), END_64_BYTES);
            if (end64.getInt(0) != END_64) {
                throw damaged("no zip64 end of central directory where its locator points");
            }
            count = end64.getLong(32);
            bytes = end64.getLong(40);
            begin = end64.getLong(48);
        }
        if (bytes < 0 || bytes > MAX_DIRECTORY_BYTES) {
            throw damaged(
                    "central directory of "
                            + Long.toUnsignedString(bytes)
                            + " bytes; valid: at most "
                            + MAX_DIRECTORY_BYTES);
        }
        readEntries(read(begin, (int) bytes), count);
    }

    /** Names of all entries. */
    Set<String> names() {
        return entries.keySet();
    }

    /** Whether there is such an entry. */
    boolean contains(String name) {
        return entries.containsKey(name);
    }

    /** Where the bytes of an entry are. */
    Range range(String name) throws IOException {
        Entry entry = entries.get(name);
        if (entry == null) {
            throw new CheckpointException(path, "the archive has no entry " + name);
        }
        if (entry.method != 0
                || entry.bytes != entry.storedBytes
                || (entry.flags & ENCRYPTED) != 0) {
            throw new CheckpointException(
                    path, "entry " + name + " is compressed or encrypted, not stored");
        }
        ByteBuffer local = read(entry.header, LOCAL_BYTES);
        if (local.getInt(0) != LOCAL) {
            throw damaged("no local header of entry " + name);
        }
        // sizes are zero here where a descriptor follows the bytes, so the directory's count
        long begin =
                entry.header
                        + LOCAL_BYTES
                        + Short.toUnsignedInt(local.getShort(26))
                        + Short.toUnsignedInt(local.getShort(28));
        if (entry.bytes < 0 || begin > fileBytes || entry.bytes > fileBytes - begin) {
            throw damaged("entry " + name + " reaches beyond the file");
        }
        return new Range(begin, entry.bytes);
    }

    /** The bytes of an entry, copied. */
    ByteBuffer content(String name, int mostBytes) throws IOException {
        Range range = range(name);
        if (range.bytes > mostBytes) {
            throw new CheckpointException(
                    path,
                    "entry "
                            + name
                            + " has "
                            + range.bytes
                            + " bytes; valid: at most "
                            + mostBytes);
        }
        return read(range.begin, (int) range.bytes);
    }

    private ByteBuffer tail() throws IOException {
        int bytes = (int) Math.min(fileBytes, END_64_LOCATOR_BYTES + END_BYTES + MAX_COMMENT_BYTES);
        return read(fileBytes - bytes, bytes);
    }

    /** The last place that can be the end record: its comment reaches to the end of the file. */
    private int findEnd(ByteBuffer tail) {
        for (int at = tail.capacity() - END_BYTES; at >= 0; at--) {
            if (tail.getInt(at) == END
                    && at + END_BYTES + Short.toUnsignedInt(tail.getShort(at + 20))
                            == tail.capacity()) {
                return at;
            }
        }
        throw new CheckpointException(
                path,
                "not a zip archive, or truncated; a checkpoint in torch's format from before 1.6 has"
                        + " to be saved again by a newer torch");
    }

    private void readEntries(ByteBuffer directory, long count) {
        int at = 0;
        for (long i = 0; i < count; i++) {
            if (directory.capacity() - at < ENTRY_BYTES || directory.getInt(at) != ENTRY) {
                throw damaged("central directory ends after " + i + " of " + count + " entries");
            }
            int nameBytes = Short.toUnsignedInt(directory.getShort(at + 28));
            int extraBytes = Short.toUnsignedInt(directory.getShort(at + 30));
            int commentBytes = Short.toUnsignedInt(directory.getShort(at + 32));
            int extra = at + ENTRY_BYTES + nameBytes;
            int next = extra + extraBytes + commentBytes;
            if (next > directory.capacity()) {
                throw damaged("central directory is truncated");
            }
            byte[] name = new byte[nameBytes];
            directory.get(at + ENTRY_BYTES, name);
            String text = new String(name, StandardCharsets.UTF_8);
            if (entries.put(text, entry(directory, at, extra, extra + extraBytes)) != null) {
                throw damaged("two entries " + text);
            }
            at = next;
        }
    }

    /** The entry at {@code at}, whose extra fields are from {@code extra} to {@code end}. */
    private Entry entry(ByteBuffer directory, int at, int extra, int end) {
        // size, stored size and offset are in the extra field, in this order, where saturated here
        long[] values = new long[3];
        int[] places = {at + 24, at + 20, at + 42};
        int wide = extra64(directory, extra, end);
        for (int i = 0; i < places.length; i++) {
            values[i] = Integer.toUnsignedLong(directory.getInt(places[i]));
            if (values[i] == 0xffff_ffffL && wide >= 0) {
                if (end - wide < Long.BYTES) {
                    throw damaged("a zip64 extra field is too short");
                }
                values[i] = directory.getLong(wide);
                wide += Long.BYTES;
            }
        }
        return new Entry(
                values[2],
                values[0],
                values[1],
                Short.toUnsignedInt(directory.getShort(at + 10)),
                Short.toUnsignedInt(directory.getShort(at + 8)));
    }

    /** Where the zip64 field's values begin, or -1. */
    private static int extra64(ByteBuffer directory, int begin, int end) {
        int at = begin;
        while (end - at >= 4) {
            if (directory.getShort(at) == EXTRA_64) {
                return at + 4;
            }
            at += 4 + Short.toUnsignedInt(directory.getShort(at + 2));
        }
        return -1;
    }

    private ByteBuffer read(long begin, int bytes) throws IOException {
        if (begin < 0 || begin > fileBytes - bytes) {
            throw damaged("it points to byte " + Long.toUnsignedString(begin) + " of " + fileBytes);
        }
        ByteBuffer buffer = ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
        while (buffer.hasRemaining()) {
            if (channel.read(buffer, begin + buffer.position()) < 0) {
                throw damaged("it became shorter while it was read");
            }
        }
        return buffer.flip();
    }

    private CheckpointException damaged(String problem) {
        return new CheckpointException(path, "damaged zip archive: " + problem);
    }
}
