package io.sparktts.checkpoint;

import io.sparktts.backend.DType;
import io.sparktts.backend.HostTensor;
import io.sparktts.model.WeightSource;

import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Map;

/**
 * Writes safetensors files, one tensor in memory at a time. A file appears under its name when it
 * is complete, or not at all.
 */
public final class SafetensorsWriter {
    /** Of the header's end, so that elements are aligned in a mapping. */
    private static final int ALIGNMENT = 8;

    /** At most this much is handed to the file at once. */
    private static final long CHUNK_BYTES = 64L << 20;

    private SafetensorsWriter() {}

    /**
     * Writes a file, replacing one that is there.
     *
     * @param tensors names and shapes, in the order of their data
     * @param dtype of all tensors
     * @param source asked for each tensor once
     * @throws CheckpointException if the file cannot be written, or a tensor is of another shape or
     *     type than announced
     */
    public static void write(
            Path file, Map<String, long[]> tensors, DType dtype, WeightSource source) {
        Path part = file.resolveSibling(file.getFileName() + ".part");
        try {
            try (FileChannel out =
                    FileChannel.open(
                            part,
                            StandardOpenOption.CREATE,
                            StandardOpenOption.TRUNCATE_EXISTING,
                            StandardOpenOption.WRITE)) {
                writeFully(out, header(tensors, dtype));
                for (Map.Entry<String, long[]> tensor : tensors.entrySet()) {
                    writeTensor(file, out, tensor.getKey(), tensor.getValue(), dtype, source);
                }
                out.force(true);
            }
            Files.move(part, file, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            delete(part, e);
            throw new CheckpointException(file, "cannot be written: " + e.getMessage(), e);
        } catch (RuntimeException | Error e) {
            delete(part, e);
            throw e;
        }
    }

    private static void delete(Path part, Throwable reason) {
        try {
            Files.deleteIfExists(part);
        } catch (IOException e) {
            reason.addSuppressed(e);
        }
    }

    private static ByteBuffer header(Map<String, long[]> tensors, DType dtype) {
        ObjectNode root = JsonMapper.shared().createObjectNode();
        root.putObject("__metadata__").put("format", "pt");
        long at = 0;
        for (Map.Entry<String, long[]> tensor : tensors.entrySet()) {
            ObjectNode entry = root.putObject(tensor.getKey()).put("dtype", dtype.name());
            ArrayNode shape = entry.putArray("shape");
            long bytes = dtype.bytes();
            for (long extent : tensor.getValue()) {
                shape.add(extent);
                bytes = Math.multiplyExact(bytes, extent);
            }
            entry.putArray("data_offsets").add(at).add(at + bytes);
            at += bytes;
        }
        byte[] json = JsonMapper.shared().writeValueAsBytes(root);
        int padded = Math.ceilDiv(json.length, ALIGNMENT) * ALIGNMENT;
        byte[] spaced = Arrays.copyOf(json, padded);
        Arrays.fill(spaced, json.length, padded, (byte) ' ');
        return ByteBuffer.allocate(Long.BYTES + padded)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(padded)
                .put(spaced)
                .flip();
    }

    private static void writeTensor(
            Path file, FileChannel out, String name, long[] shape, DType dtype, WeightSource source)
            throws IOException {
        // sources may fill a tensor in parallel
        try (Arena arena = Arena.ofShared()) {
            HostTensor tensor = source.tensor(name, arena);
            if (tensor.dtype() != dtype || !Arrays.equals(tensor.shape(), shape)) {
                throw new CheckpointException(
                        file,
                        "tensor "
                                + name
                                + " to write is "
                                + tensor.dtype()
                                + Arrays.toString(tensor.shape())
                                + ", not "
                                + dtype
                                + Arrays.toString(shape));
            }
            MemorySegment data = tensor.data();
            for (long at = 0; at < data.byteSize(); at += CHUNK_BYTES) {
                long bytes = Math.min(CHUNK_BYTES, data.byteSize() - at);
                writeFully(out, data.asSlice(at, bytes).asByteBuffer());
            }
        }
    }

    private static void writeFully(FileChannel out, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            out.write(bytes);
        }
    }
}
