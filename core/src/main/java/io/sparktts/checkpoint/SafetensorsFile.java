package io.sparktts.checkpoint;

import io.sparktts.backend.HostTensor;

import org.jspecify.annotations.Nullable;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A memory-mapped safetensors file: 8 bytes little-endian header length, a JSON header, then the
 * tensors without gaps (<a href="https://github.com/huggingface/safetensors#format">format</a>).
 * The header is checked completely on opening, so a file that opens has every tensor it claims.
 */
public final class SafetensorsFile implements TensorFile {
    private static final int LENGTH_BYTES = 8;
    private static final long MAX_HEADER_BYTES = 100_000_000;
    private static final String METADATA = "__metadata__";
    private static final ValueLayout.OfLong LONG =
            ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final Path path;
    private final FileChannel channel;
    private final Arena arena;
    private final MemorySegment mapping;
    private final long dataStart;
    private final Map<String, Entry> entries;

    private SafetensorsFile(Path path, FileChannel channel, Arena arena) throws IOException {
        this.path = path;
        this.channel = channel;
        this.arena = arena;
        long fileBytes = channel.size();
        if (fileBytes < LENGTH_BYTES) {
            throw error("only " + fileBytes + " bytes, not a safetensors file");
        }
        mapping = channel.map(MapMode.READ_ONLY, 0, fileBytes, arena);
        long headerBytes = mapping.get(LONG, 0);
        if (headerBytes < 2 || headerBytes > MAX_HEADER_BYTES) {
            throw error(
                    "header of "
                            + Long.toUnsignedString(headerBytes)
                            + " bytes; valid: 2 to "
                            + MAX_HEADER_BYTES);
        }
        if (headerBytes > fileBytes - LENGTH_BYTES) {
            throw error(
                    "truncated: header of "
                            + headerBytes
                            + " bytes in a file of "
                            + fileBytes
                            + " bytes");
        }
        dataStart = LENGTH_BYTES + headerBytes;
        entries = readHeader(mapping.asSlice(LENGTH_BYTES, headerBytes));
        checkTiling(fileBytes - dataStart);
    }

    /**
     * Maps a file and checks its header.
     *
     * @throws IOException if it cannot be read
     * @throws CheckpointException if it is not a well-formed safetensors file
     */
    @SuppressWarnings("MustBeClosedChecker") // closed with the file
    public static SafetensorsFile open(Path path) throws IOException {
        FileChannel channel = FileChannel.open(path, StandardOpenOption.READ);
        Arena arena = Arena.ofShared();
        try {
            return new SafetensorsFile(path, channel, arena);
        } catch (IOException | RuntimeException | Error e) {
            arena.close();
            channel.close();
            throw e;
        }
    }

    /** The file. */
    @Override
    public Path path() {
        return path;
    }

    /** Names of all tensors, in the header's order. */
    @Override
    public Set<String> names() {
        return entries.keySet();
    }

    /** Whether there is such a tensor. */
    @Override
    public boolean contains(String name) {
        return entries.containsKey(name);
    }

    /**
     * Extents, outermost first; empty for a scalar.
     *
     * @throws CheckpointException if there is no such tensor
     */
    @Override
    public long[] shape(String name) {
        return entry(name).shape().clone();
    }

    /**
     * A tensor of floating-point or 32-bit integer elements, not copied: it lives as long as this
     * file is open.
     *
     * @throws CheckpointException if there is no such tensor or its elements are of another type
     */
    public HostTensor tensor(String name) {
        Entry entry = entry(name);
        return new HostTensor(
                dtype(name),
                entry.shape(),
                mapping.asSlice(dataStart + entry.begin(), entry.bytes()));
    }

    @Override
    public StoredType stored(String name) {
        return entry(name).type();
    }

    @Override
    public MemorySegment bytes(String name, Arena owner) {
        Entry entry = entry(name);
        try {
            return channel.map(MapMode.READ_ONLY, dataStart + entry.begin(), entry.bytes(), owner);
        } catch (IOException e) {
            throw new CheckpointException(
                    path, "tensor " + name + " cannot be mapped: " + e.getMessage(), e);
        }
    }

    /** Unmaps the file; its tensors are gone. */
    @Override
    public void close() {
        if (arena.scope().isAlive()) {
            arena.close();
        }
        try {
            channel.close();
        } catch (IOException e) {
            throw new CheckpointException(path, "cannot be closed: " + e.getMessage(), e);
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

    private Map<String, Entry> readHeader(MemorySegment header) {
        byte[] bytes = header.toArray(ValueLayout.JAVA_BYTE);
        if (bytes[0] != '{') {
            throw error("the header does not begin with '{'; not a safetensors file");
        }
        ObjectNode root = Json.object(path, "the header", bytes);
        Map<String, Entry> read = new LinkedHashMap<>();
        for (Map.Entry<String, JsonNode> member : root.properties()) {
            if (member.getKey().equals(METADATA)) {
                checkMetadata(member.getValue());
            } else {
                read.put(member.getKey(), readEntry(member.getKey(), member.getValue()));
            }
        }
        return Collections.unmodifiableMap(read);
    }

    private void checkMetadata(JsonNode metadata) {
        if (!metadata.isObject() || !metadata.values().stream().allMatch(JsonNode::isString)) {
            throw error(METADATA + " is not an object of strings");
        }
    }

    private Entry readEntry(String name, JsonNode node) {
        JsonNode dtype = node.get("dtype");
        if (dtype == null || !dtype.isString()) {
            throw error("tensor " + name + " has no dtype");
        }
        StoredType type = StoredType.of(dtype.stringValue());
        if (type == null) {
            throw error(
                    "tensor "
                            + name
                            + " has unknown dtype '"
                            + dtype.stringValue()
                            + "'; valid: "
                            + Arrays.toString(StoredType.values()));
        }
        long[] shape = integers(name, "shape", node.get("shape"));
        long[] offsets = integers(name, "data_offsets", node.get("data_offsets"));
        if (offsets.length != 2 || offsets[0] > offsets[1]) {
            throw error(
                    "tensor "
                            + name
                            + " has data_offsets "
                            + Arrays.toString(offsets)
                            + ", not [begin, end]");
        }
        Entry entry = new Entry(name, type, shape, offsets[0], offsets[1]);
        long available = mapping.byteSize() - dataStart;
        if (entry.end() > available) {
            throw error(
                    "truncated: tensor "
                            + name
                            + " ends at byte "
                            + entry.end()
                            + " of "
                            + available
                            + " bytes of data");
        }
        long expected = bytes(name, shape, type);
        if (entry.bytes() != expected) {
            throw error(
                    "tensor "
                            + name
                            + " of "
                            + type
                            + Arrays.toString(shape)
                            + " takes "
                            + expected
                            + " bytes, but its data_offsets span "
                            + entry.bytes());
        }
        return entry;
    }

    private long[] integers(String name, String key, @Nullable JsonNode node) {
        if (node == null || !node.isArray()) {
            throw error("tensor " + name + " has no " + key);
        }
        long[] values = new long[node.size()];
        for (int i = 0; i < values.length; i++) {
            JsonNode value = node.get(i);
            if (!value.isIntegralNumber() || !value.canConvertToLong() || value.longValue() < 0) {
                throw error(
                        "tensor "
                                + name
                                + " has "
                                + key
                                + " "
                                + node
                                + "; valid: integers from 0 to 2^63-1");
            }
            values[i] = value.longValue();
        }
        return values;
    }

    private long bytes(String name, long[] shape, StoredType type) {
        try {
            long n = type.bytes();
            for (long extent : shape) {
                n = Math.multiplyExact(n, extent);
            }
            return n;
        } catch (ArithmeticException e) {
            throw new CheckpointException(
                    path,
                    "tensor " + name + " has shape " + Arrays.toString(shape) + ", too large",
                    e);
        }
    }

    /** The tensors in the order of their data: each has to begin where the one before ends. */
    private void checkTiling(long dataBytes) {
        List<Entry> sorted =
                entries.values().stream()
                        .sorted(
                                Comparator.comparingLong(Entry::begin)
                                        .thenComparingLong(Entry::end))
                        .toList();
        long end = 0;
        String previous = "the start of the data";
        for (Entry entry : sorted) {
            if (entry.begin() < end) {
                throw error("tensor " + entry.name() + " overlaps " + previous);
            }
            if (entry.begin() > end) {
                throw error(
                        "a hole of "
                                + (entry.begin() - end)
                                + " bytes between "
                                + previous
                                + " and tensor "
                                + entry.name());
            }
            end = entry.end();
            previous = "tensor " + entry.name();
        }
        if (end != dataBytes) {
            throw error((dataBytes - end) + " bytes after the last tensor");
        }
    }

    /**
     * Where a tensor is.
     *
     * @param begin first byte, from the start of the data
     * @param end one past its last byte
     */
    @SuppressWarnings("ArrayRecordComponent") // not shared with callers
    private record Entry(String name, StoredType type, long[] shape, long begin, long end) {
        long bytes() {
            return end - begin;
        }
    }
}
