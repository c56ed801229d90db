package io.sparktts.host;

import io.sparktts.backend.BackendException;
import io.sparktts.backend.DeviceBuffer;
import io.sparktts.backend.HostMemory;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** {@link HostMemory} as device memory. */
public final class HostBuffer implements DeviceBuffer {
    private final Arena arena = Arena.ofShared();
    private final MemorySegment segment;

    /**
     * Allocates {@code bytes}.
     *
     * @throws BackendException when the memory is not to be had
     */
    public HostBuffer(long bytes) {
        try {
            segment = HostMemory.allocate(arena, Math.max(bytes, 1));
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
