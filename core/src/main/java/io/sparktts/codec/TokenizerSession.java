package io.sparktts.codec;

import io.sparktts.backend.DType;
import io.sparktts.backend.Device;
import io.sparktts.backend.HostTensor;
import io.sparktts.backend.Kernels;
import io.sparktts.backend.Queue;
import io.sparktts.backend.Tensor;
import io.sparktts.backend.Variants;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** A queue and its kernels for an encoder of clips. */
final class TokenizerSession implements AutoCloseable {
    private final Device device;
    private final DType dtype;
    private final Queue queue;
    private final Kernels kernels;

    TokenizerSession(Device device, DType dtype, Variants variants) {
        this.device = device;
        this.dtype = dtype;
        this.queue = device.newQueue();
        this.kernels = device.kernels(queue, variants);
    }

    Kernels kernels() {
        return kernels;
    }

    /** A tensor {@code [rows, columns]} of the session's dtype. */
    Tensor upload(float[] values, long rows, long columns) {
        try (Arena arena = Arena.ofConfined()) {
            HostTensor host = HostTensor.allocate(arena, DType.F32, rows, columns);
            host.data().copyFrom(MemorySegment.ofArray(values));
            return device.upload(host, dtype);
        }
    }

    @Override
    public void close() {
        queue.synchronize();
        queue.close();
    }
}
