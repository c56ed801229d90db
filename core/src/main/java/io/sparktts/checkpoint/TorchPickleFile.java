package io.sparktts.checkpoint;

import io.sparktts.checkpoint.TorchObjects.Storage;
import io.sparktts.checkpoint.TorchObjects.View;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A state dictionary as {@code torch.save} writes it since 1.6 ({@code pytorch_model.bin}): a zip
 * archive of one pickle, which names tensors, and one stored entry per storage. Opening it runs
 * none of the code that a pickle can name and checks every tensor's bounds; elements are mapped
 * from the file.
 */
public final class TorchPickleFile implements TensorFile {
    private static final int MAX_PICKLE_BYTES = 16 << 20;

    /** As many as torch has. */
    private static final int MAX_DIMENSIONS = 64;

    private final Path path;
    private final FileChannel channel;
    private final Map<String, Entry> entries;

    private TorchPickleFile(Path path, FileChannel channel) throws IOException {
        this.path = path;
        this.channel = channel;
        ZipDirectory zip = new ZipDirectory(path, channel);
        String root = root(zip);
        checkByteOrder(zip, root + "byteorder");
        entries = readEntries(zip, root);
    }

    /**
     * Opens a file and checks all that it says of its tensors.
     *
     * @throws IOException if it cannot be read
     * @throws CheckpointException if it is damaged or holds anything but tensors
     */
    public static TorchPickleFile open(Path path) throws IOException {
        FileChannel channel = FileChannel.open(path, StandardOpenOption.READ);
        try {
            return new TorchPickleFile(path, channel);
        } catch (IOException | RuntimeException | Error e) {
            channel.close();
            throw e;
        }
    }

    @Override
    public Path path() {
        return path;
    }

    @Override
    public Set<String> names() {
        return entries.keySet();
    }

    @Override
    public long[] shape(String name) {
        return entry(name).view.shape().clone();
    }

    @Override
    public StoredType stored(String name) {
        return entry(name).view.storage().type();
    }

    @Override
    public MemorySegment bytes(String name, Arena owner) {
        Entry entry = entry(name);
        int width = entry.view.storage().type().bytes();
        try {
            if (entry.elements == 0 || isRowMajor(entry.view)) {
                return channel.map(
                        MapMode.READ_ONLY, entry.position, entry.elements * width, owner);
            }
            try (Arena source = Arena.ofConfined()) {
                MemorySegment from =
                        channel.map(MapMode.READ_ONLY, entry.position, entry.span * width, source);
                MemorySegment to = owner.allocate(entry.elements * width, width);
                gather(entry.view, from, to);
                return to;
            }
        } catch (IOException e) {
            throw new CheckpointException(
                    path, "tensor " + name + " cannot be mapped: " + e.getMessage(), e);
        }
    }

    /** Closes the file; tensors live on in the arenas they were made in. */
    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw new CheckpointException(path, "cannot be closed: " + e.getMessage(), e);
        }
    }

    /** The folder that the archive has all in, with its slash. */
    private String root(ZipDirectory zip) {
        List<String> pickles =
                zip.names().stream().filter(n -> n.matches("[^/]+/data\\.pkl")).toList();
        if (pickles.size() != 1) {
            throw error("a zip archive with " + pickles.size() + " data.pkl, not one of torch");
        }
        String pickle = pickles.getFirst();
        return pickle.substring(0, pickle.indexOf('/') + 1);
    }

    /** Only newer files say it; the others are of little-endian machines. */
    private void checkByteOrder(ZipDirectory zip, String name) throws IOException {
        if (zip.contains(name)) {
            String order = StandardCharsets.UTF_8.decode(zip.content(name, 64)).toString();
            if (!order.equals("little")) {
                throw error("byte order '" + order + "' is not supported; valid: little");
            }
        }
    }

    private Map<String, Entry> readEntries(ZipDirectory zip, String root) throws IOException {
        Map<String, Entry> read = new LinkedHashMap<>();
        try {
            Object value = Unpickler.read(zip.content(root + "data.pkl", MAX_PICKLE_BYTES));
            if (!(value instanceof Map<?, ?> dictionary)) {
                throw new PickleException(
                        "it is " + TorchObjects.kind(value) + ", not a dictionary");
            }
            for (Map.Entry<?, ?> member : dictionary.entrySet()) {
                String name = (String) member.getKey();
                if (!(member.getValue() instanceof View view)) {
                    throw new PickleException(
                            "entry "
                                    + name
                                    + " is "
                                    + TorchObjects.kind(member.getValue())
                                    + ", not a tensor");
                }
                read.put(name, place(zip, root, name, view));
            }
        } catch (PickleException e) {
            throw new CheckpointException(path, "data.pkl: " + e.getMessage(), e);
        }
        return Collections.unmodifiableMap(read);
    }

    /** Finds a tensor's storage and checks that it is within. */
    private Entry place(ZipDirectory zip, String root, String name, View view) throws IOException {
        Storage storage = view.storage();
        String key = root + "data/" + storage.key();
        if (!zip.contains(key)) {
            throw error("tensor " + name + ": the archive has no storage " + key);
        }
        ZipDirectory.Range range = zip.range(key);
        int width = storage.type().bytes();
        if (range.bytes() % width != 0 || range.bytes() / width != storage.elements()) {
            throw error(
                    "tensor "
                            + name
                            + ": storage "
                            + key
                            + " has "
                            + range.bytes()
                            + " bytes, not "
                            + storage.elements()
                            + " elements of "
                            + storage.type());
        }
        long[] shape = view.shape();
        long[] strides = view.strides();
        if (shape.length != strides.length
                || shape.length > MAX_DIMENSIONS
                || Arrays.stream(shape).anyMatch(n -> n < 0)
                || Arrays.stream(strides).anyMatch(n -> n < 0)
                || view.offset() < 0) {
            throw error(
                    "tensor "
                            + name
                            + " has shape "
                            + Arrays.toString(shape)
                            + " and strides "
                            + Arrays.toString(strides)
                            + " from "
                            + view.offset());
        }
        try {
            long elements = 1;
            long span = 1;
            for (int i = 0; i < shape.length; i++) {
                elements = Math.multiplyExact(elements, shape[i]);
                span = Math.addExact(span, Math.multiplyExact(shape[i] - 1, strides[i]));
            }
            // an expanded tensor would take more memory than the file has bytes
            if (elements > storage.elements()
                    || view.offset() > storage.elements()
                    || (elements > 0 && span > storage.elements() - view.offset())) {
                throw new ArithmeticException();
            }
            long position = range.begin() + view.offset() * width;
            return new Entry(view, elements, elements == 0 ? 0 : span, position);
        } catch (ArithmeticException e) {
            throw new CheckpointException(
                    path,
                    "tensor "
                            + name
                            + " of shape "
                            + Arrays.toString(shape)
                            + ", strides "
                            + Arrays.toString(strides)
                            + " from "
                            + view.offset()
                            + " is not within its storage of "
                            + storage.elements()
                            + " elements",
                    e);
        }
    }

    private static boolean isRowMajor(View view) {
        long expected = 1;
        for (int i = view.shape().length - 1; i >= 0; i--) {
            if (view.shape()[i] != 1 && view.strides()[i] != expected) {
                return false;
            }
            expected *= view.shape()[i];
        }
        return true;
    }

    /** Copies the elements of a view that is in another order to row-major order. */
    private static void gather(View view, MemorySegment from, MemorySegment to) {
        int width = view.storage().type().bytes();
        long[] shape = view.shape();
        long[] strides = view.strides();
        long[] index = new long[shape.length];
        long source = 0;
        for (long at = 0; at < to.byteSize(); at += width) {
            MemorySegment.copy(from, source * width, to, at, width);
            int axis = shape.length - 1;
            while (axis >= 0 && ++index[axis] == shape[axis]) {
                source -= strides[axis] * (shape[axis] - 1);
                index[axis] = 0;
                axis--;
            }
            if (axis >= 0) {
                source += strides[axis];
            }
        }
    }

    private Entry entry(String name) {
        Entry entry = entries.get(name);
        if (entry == null) {
            throw error("no tensor " + name);
        }
        return entry;
    }

    private CheckpointException error(String problem) {
        return new CheckpointException(path, problem);
    }

    /**
     * Where a tensor is.
     *
     * @param elements how many it has
     * @param span elements of the storage from its first to its last
     * @param position byte of the file that its first element begins at
     */
    private record Entry(View view, long elements, long span, long position) {}
}
