package io.sparktts.host;

import io.sparktts.backend.BackendException;
import io.sparktts.backend.DeviceBuffer;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Host memory as device memory, aligned to cache lines. */
public final class HostBuffer implements DeviceBuffer {
    private static final long ALIGNMENT = 64;
    private static final long HUGE_PAGE = 2L << 20;

    private final Arena arena = Arena.ofShared();
    private final MemorySegment segment;

    /**
     * Allocates {@code bytes}; large buffers ask for huge pages, which a stream of weights reads
     * faster.
     *
     * @throws BackendException when the memory is not to be had
     */
    public HostBuffer(long bytes) {
        boolean large = bytes >= 4 * HUGE_PAGE;
        try {
            segment = arena.allocate(Math.max(bytes, 1), large ? HUGE_PAGE : ALIGNMENT);
        } catch (OutOfMemoryError e) {
            arena.close();
            throw new BackendException(
                    "out of memory: " + bytes + " bytes of host memory are not to be had", e);
        }
        if (large) {
            HugePages.advise(segment);
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
