package io.sparktts.checkpoint;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/** Assembles pickles, and the archives that torch has them in: one storage of 1, 2, 3, 4. */
final class Pickle {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    private Pickle() {}

    static Pickle empty() {
        return new Pickle();
    }

    /** With an empty dictionary on the stack. */
    static Pickle of() {
        return new Pickle().op(0x80).op(2).op('}');
    }

    Pickle op(int opcode) {
        bytes.write(opcode);
        return this;
    }

    Pickle int32(int value) {
        return put(little(4).putInt(value).array());
    }

    Pickle int64(long value) {
        return put(little(8).putLong(value).array());
    }

    Pickle text(String value) {
        byte[] utf8 = value.getBytes(StandardCharsets.UTF_8);
        return op('X').int32(utf8.length).put(utf8);
    }

    Pickle shortText(String value) {
        byte[] utf8 = value.getBytes(StandardCharsets.UTF_8);
        return op(0x8c).op(utf8.length).put(utf8);
    }

    Pickle global(String module, String name) {
        return op('c').put((module + "\n" + name + "\n").getBytes(StandardCharsets.UTF_8));
    }

    /** A float storage, entry {@code data/0}. */
    Pickle storage(int elements) {
        op('(').text("storage").global("torch", "FloatStorage").text("0").text("cpu");
        return op('J').int32(elements).op('t').op('Q');
    }

    /** Sets an item of the dictionary. */
    Pickle view(String name, int offset, int[] shape, int[] strides) {
        text(name).global("torch._utils", "_rebuild_tensor_v2").op('(').storage(4);
        op('J').int32(offset).tuple(shape).tuple(strides).op(0x89).op('}');
        return op('t').op('R').op('s');
    }

    private Pickle tuple(int[] values) {
        op('(');
        for (int v : values) {
            op('J').int32(v);
        }
        return op('t');
    }

    private Pickle put(byte[] more) {
        bytes.writeBytes(more);
        return this;
    }

    private byte[] stopped() {
        byte[] open = bytes.toByteArray();
        byte[] closed = Arrays.copyOf(open, open.length + 1);
        closed[open.length] = '.';
        return closed;
    }

    /** An archive with this pickle, stopped. */
    byte[] archive() throws IOException {
        return archive("x/data/0");
    }

    byte[] archive(String storage) throws IOException {
        byte[] data = little(16).putFloat(1).putFloat(2).putFloat(3).putFloat(4).array();
        return zip("x/data.pkl", stopped(), storage, data);
    }

    /** An archive of stored entries: names and contents by turns. */
    static byte[] zip(Object... entries) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(out)) {
            for (int i = 0; i < entries.length; i += 2) {
                byte[] content = (byte[]) entries[i + 1];
                ZipEntry entry = new ZipEntry((String) entries[i]);
                entry.setMethod(ZipEntry.STORED);
                entry.setSize(content.length);
                CRC32 crc = new CRC32();
                crc.update(content);
                entry.setCrc(crc.getValue());
                zip.putNextEntry(entry);
                zip.write(content);
            }
        }
        return out.toByteArray();
    }

    static byte[] deflated(String name, byte[] content) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(out)) {
            zip.putNextEntry(new ZipEntry(name));
            zip.write(content);
        }
        return out.toByteArray();
    }

    /**
     * An archive with the zip64 records that large ones need: a tensor {@code w} of zeros but for
     * its last element. The pickle comes after the storage, so its offset needs 64 bits too.
     */
    static void writeSparse(Path file, long elements, float last) throws IOException {
        Pickle pickle = of().text("w").global("torch._utils", "_rebuild_tensor_v2").op('(');
        int count = Math.toIntExact(elements);
        pickle.storage(count).op('K').op(0).op('J').int32(count).op(0x85);
        pickle.op('K').op(1).op(0x85).op(0x89).op('}').op('t').op('R').op('s');
        byte[] pkl = pickle.stopped();
        long dataBytes = elements * 4;
        long shift = 3L << 30; // so that offsets are beyond 32 bits
        try (FileChannel out =
                FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            long data = shift;
            out.write(local("x/data/0"), data);
            long end = data + local("x/data/0").capacity() + dataBytes;
            out.write(little(4).putFloat(last).flip(), end - 4);
            long pickleAt = end;
            out.write(local("x/data.pkl"), pickleAt);
            out.write(ByteBuffer.wrap(pkl), pickleAt + local("x/data.pkl").capacity());
            long directory = pickleAt + local("x/data.pkl").capacity() + pkl.length;
            ByteBuffer first = central("x/data/0", dataBytes, data);
            ByteBuffer second = central("x/data.pkl", pkl.length, pickleAt);
            int bytes = first.capacity() + second.capacity();
            out.write(first, directory);
            out.write(second, directory + bytes - second.capacity());
            out.write(ends(directory, bytes), directory + bytes);
        }
    }

    private static ByteBuffer local(String name) {
        ByteBuffer header = little(30 + name.length()).putInt(0x04034b50);
        header.putShort(26, (short) name.length());
        return header.put(30, name.getBytes(StandardCharsets.UTF_8)).rewind();
    }

    /** Sizes and offset are all in the zip64 field, behind a field of another kind. */
    private static ByteBuffer central(String name, long bytes, long offset) {
        ByteBuffer header = little(46 + name.length() + 4 + 28).putInt(0x02014b50);
        header.putInt(20, -1).putInt(24, -1).putInt(42, -1);
        header.putShort(28, (short) name.length()).putShort(30, (short) 32);
        header.put(46, name.getBytes(StandardCharsets.UTF_8)).position(46 + name.length());
        header.putShort((short) 0x7777).putShort((short) 0);
        header.putShort((short) 1).putShort((short) 24);
        return header.putLong(bytes).putLong(bytes).putLong(offset).rewind();
    }

    private static ByteBuffer ends(long directory, int bytes) {
        ByteBuffer end = little(56 + 20 + 22);
        end.putInt(0x06064b50).putLong(24, 2).putLong(32, 2);
        end.putLong(40, bytes).putLong(48, directory);
        end.putInt(56, 0x07064b50).putLong(64, directory + bytes).putInt(72, 1);
        end.putInt(76, 0x06054b50).putShort(84, (short) -1).putShort(86, (short) -1);
        return end.putInt(88, -1).putInt(92, -1).rewind();
    }

    private static ByteBuffer little(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }
}
