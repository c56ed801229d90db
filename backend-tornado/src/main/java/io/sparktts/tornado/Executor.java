package io.sparktts.tornado;

import io.sparktts.backend.DType;
import io.sparktts.tornado.kernel.KernelCode;

import java.lang.foreign.MemorySegment;

/** What runs kernels: a device of TornadoVM, or plain Java in tests. */
interface Executor extends AutoCloseable {
    /** Memory for {@code elements}, uninitialised. */
    Object allocate(DType dtype, long elements);

    void free(Object memory);

    /** Copies to a buffer; done on return. */
    void write(TornadoBuffer target, long byteOffset, MemorySegment source);

    /** Copies from a buffer, after all work before; done on return. */
    void read(TornadoBuffer source, long byteOffset, MemorySegment target);

    /** Runs a kernel, after all that was launched before. */
    void launch(Launch launch);

    @Override
    void close();

    /**
     * One call of a kernel.
     *
     * @param groupSize work-items per work-group, a divisor of {@code items}
     */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    record Launch(
            KernelCode kernel,
            int items,
            int groupSize,
            TornadoBuffer[] buffers,
            int[] sizes,
            float[] scalars) {}
}
