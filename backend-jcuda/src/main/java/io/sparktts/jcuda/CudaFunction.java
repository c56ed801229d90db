package io.sparktts.jcuda;

import jcuda.driver.CUfunction;
import jcuda.driver.CUfunction_attribute;
import jcuda.driver.CUstream;
import jcuda.driver.JCudaDriver;

/** A kernel of a loaded module. */
final class CudaFunction extends CUfunction {
    /** More shared memory in all a block gets only once the function allows it. */
    private static final int DEFAULT_SHARED_BYTES = 48 << 10;

    private final DriverExtras extras;
    private final boolean overlaps;

    /** Of dynamic shared memory; -1 before the function was asked for its own. */
    private int allowedSharedBytes = -1;

    private boolean prefersShared;

    /**
     * @param overlaps whether the GPU can start a kernel before the one ahead of it has ended
     */
    CudaFunction(DriverExtras extras, boolean overlaps) {
        this.extras = extras;
        this.overlaps = overlaps;
    }

    /**
     * Queues the kernel.
     *
     * @param threads of a block
     * @param sharedBytes dynamic shared memory of a block
     * @param arguments {@link Long} for pointers and 64-bit integers, {@link Integer}, {@link
     *     Float}, or a {@code MemorySegment} with a struct's bytes
     */
    void launch(
            CUstream stream,
            int gridX,
            int gridY,
            int gridZ,
            int threads,
            int sharedBytes,
            Object... arguments) {
        queue(stream, gridX, gridY, gridZ, threads, sharedBytes, false, arguments);
    }

    /**
     * Queues the kernel so that it may start while the stream's preceding kernel drains; it waits
     * for that kernel's results itself (griddepcontrol.wait). Before Hopper this is {@link
     * #launch}.
     */
    void launchDependent(
            CUstream stream,
            int gridX,
            int gridY,
            int gridZ,
            int threads,
            int sharedBytes,
            Object... arguments) {
        queue(stream, gridX, gridY, gridZ, threads, sharedBytes, overlaps, arguments);
    }

    /** As {@link #launchDependent}, with blocks for at least so many threads; none for none. */
    void launchThreads(CUstream stream, long threads, int perBlock, Object... arguments) {
        if (threads > 0) {
            int blocks = Math.toIntExact((threads + perBlock - 1) / perBlock);
            launchDependent(stream, blocks, 1, 1, perBlock, 0, arguments);
        }
    }

    /**
     * Asks for all of a multiprocessor's memory to be shared memory, none L1: blocks of different
     * kernels run side by side only where they agree. Returns this.
     */
    CudaFunction preferShared() {
        if (!prefersShared) {
            set(
                    CUfunction_attribute.CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT,
                    100,
                    "prefer shared memory");
            prefersShared = true;
        }
        return this;
    }

    private void allow(int sharedBytes) {
        if (allowedSharedBytes < 0) {
            int[] own = new int[1];
            Cuda.check(
                    JCudaDriver.cuFuncGetAttribute(
                            own, CUfunction_attribute.CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES, this),
                    "ask for a kernel's shared memory");
            allowedSharedBytes = DEFAULT_SHARED_BYTES - own[0];
        }
        if (sharedBytes > allowedSharedBytes) {
            set(
                    CUfunction_attribute.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES,
                    sharedBytes,
                    "give a block " + sharedBytes + " bytes of shared memory");
            allowedSharedBytes = sharedBytes;
        }
    }

    private void set(int attribute, int value, String what) {
        Cuda.check(JCudaDriver.cuFuncSetAttribute(this, attribute, value), what);
    }

    private void queue(
            CUstream stream,
            int gridX,
            int gridY,
            int gridZ,
            int threads,
            int sharedBytes,
            boolean dependent,
            Object... arguments) {
        if (sharedBytes > 0) {
            allow(sharedBytes);
        }
        extras.launch(
                getNativePointer(),
                (CudaStream) stream,
                gridX,
                gridY,
                gridZ,
                threads,
                sharedBytes,
                dependent,
                arguments);
    }
}
