package io.sparktts.host;

import io.sparktts.backend.BackendException;
import io.sparktts.backend.DeviceBuffer;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Host memory as device memory, aligned to cache lines. */
public final class HostBuffer implements DeviceBuffer {
    private static final long ALIGNMENT = 64;

    private final Arena arena = Arena.ofShared();
    private final MemorySegment segment;

    /**
     * Allocates {@code bytes}; large buffers ask for huge pages, which a stream of weights reads
     * faster.
     *
     * @throws BackendException when the memory is not to be had
     */
    public HostBuffer(long bytes) {
        try {
            MemorySegment huge =
                    bytes >= HugePages.SIZE / 2 ? HugePages.allocate(arena, bytes) : null;
            segment = huge != null ? huge : arena.allocate(Math.max(bytes, 1), ALIGNMENT);
        } catch (OutOfMemoryError e) {
            arena.close();
            throw new BackendException(
                    "out of memory: " + bytes + " bytes of host memory are not to be had", e);
        }
    }

    /** The memory. */
    public MemorySegment segment() {
        return segment;
    }

    @Override
    public long byteSize() {
        return segment.byteSize();
    }

    @Override
    public void close() {
        if (arena.scope().isAlive()) {
            arena.close();
        }
    }
}
