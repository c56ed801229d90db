package io.sparktts.vector;

import io.sparktts.host.HostBuffer;

import org.jspecify.annotations.Nullable;

/** Scratch memory of each worker; it grows to the largest request. */
final class WorkerScratch implements AutoCloseable {
    private final @Nullable HostBuffer[] buffers;

    WorkerScratch(WorkerPool pool) {
        buffers = new HostBuffer[pool.workers()];
    }

    /** Address of at least {@code bytes} that only this worker uses until its next request. */
    long get(int worker, long bytes) {
        HostBuffer b = buffers[worker];
        if (b == null || b.byteSize() < bytes) {
            if (b != null) {
                b.close();
            }
            b = new HostBuffer(bytes);
            buffers[worker] = b;
        }
        return b.segment().address();
    }

    @Override
    public void close() {
        for (HostBuffer b : buffers) {
            if (b != null) {
                b.close();
            }
        }
    }
}
