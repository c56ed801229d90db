package io.sparktts.checkpoint;

import io.sparktts.backend.DType;
import io.sparktts.backend.HostTensor;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Set;

/** A file of named tensors. Asking for one that is not there is a {@link CheckpointException}. */
interface TensorFile extends AutoCloseable {
    /** The file. */
    Path path();

    /** Names of all tensors, in the file's order. */
    Set<String> names();

    /** Extents, outermost first; empty for a scalar. */
    long[] shape(String name);

    /** Element type in the file. */
    StoredType stored(String name);

    /**
     * The elements, row-major and little-endian: a mapping of its own, or a copy where the file has
     * them in another order.
     *
     * @param owner what the memory lives as long as
     */
    MemorySegment bytes(String name, Arena owner);

    @Override
    void close();

    /** Whether there is such a tensor. */
    default boolean contains(String name) {
        return names().contains(name);
    }

    /** The element type in memory. */
    default DType dtype(String name) {
        DType dtype = stored(name).dtype();
        if (dtype == null) {
            throw new CheckpointException(
                    path(), "tensor " + name + " is " + stored(name) + ", not a float tensor");
        }
        return dtype;
    }

    /** A tensor that lives as long as {@code owner}, so its pages go with it. */
    default HostTensor map(String name, Arena owner) {
        return new HostTensor(dtype(name), shape(name), bytes(name, owner));
    }

    /**
     * The elements of an integer tensor, copied.
     *
     * @throws CheckpointException if there is no such tensor or it is neither {@code I64} nor
     *     {@code I32}
     */
    default long[] longs(String name) {
        try (Arena arena = Arena.ofConfined()) {
            return switch (stored(name)) {
                case I64 ->
                        bytes(name, arena)
                                .toArray(
                                        ValueLayout.JAVA_LONG_UNALIGNED.withOrder(
                                                ByteOrder.LITTLE_ENDIAN));
                case I32 ->
                        Arrays.stream(
                                        bytes(name, arena)
                                                .toArray(
                                                        ValueLayout.JAVA_INT_UNALIGNED.withOrder(
                                                                ByteOrder.LITTLE_ENDIAN)))
                                .asLongStream()
                                .toArray();
                default ->
                        throw new CheckpointException(
                                path(),
                                "tensor " + name + " is " + stored(name) + ", not I64 or I32");
            };
        }
    }
}
