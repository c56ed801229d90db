package io.sparktts.tornado;

import io.sparktts.backend.DeviceBuffer;

/**
 * Memory of an {@link Executor}.
 *
 * @param executor whose memory it is
 * @param memory the executor's own handle
 * @param byteSize size in bytes
 */
record TornadoBuffer(Executor executor, Object memory, long byteSize) implements DeviceBuffer {
    @Override
    public void close() {
        executor.free(memory);
    }
}
