package io.sparktts.tornado;

import io.sparktts.backend.DType;
import io.sparktts.tornado.kernel.KernelCode;

import java.lang.foreign.MemorySegment;
import java.util.List;

/** What runs kernels: a device of TornadoVM, or plain Java in tests. */
interface Executor extends AutoCloseable {
    /** Memory for {@code elements}, uninitialised. */
    Object allocate(DType dtype, long elements);

    void free(Object memory);

    /** Copies to a buffer; done on return. */
    void write(TornadoBuffer target, long byteOffset, MemorySegment source);

    /** Copies from a buffer, after all work before; done on return. */
    void read(TornadoBuffer source, long byteOffset, MemorySegment target);

    /** Runs a step, after all before it. */
    void run(Step step);

    /** Keeps steps that have run once, to run them again as a whole. */
    default Recording record(List<Step> steps) {
        return new Recording() {
            @Override
            public void replay() {
                steps.forEach(Executor.this::run);
            }

            @Override
            public void close() {}
        };
    }

    @Override
    void close();

    /** Steps that run as a whole. */
    interface Recording extends AutoCloseable {
        void replay();

        @Override
        void close();
    }

    /** A kernel's launch, or a library's call. */
    sealed interface Step permits Launch, MatrixProduct, CausalAttention {}

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
            float[] scalars)
            implements Step {}
}
