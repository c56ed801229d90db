package io.sparktts.jcuda;

import io.sparktts.backend.DType;
import io.sparktts.backend.LimitKind;
import io.sparktts.backend.Tensor;

import jcuda.driver.CUstream;
import jcuda.driver.JCudaDriver;

/** Launches {@code LimitProbe.cu}, or the driver's copy: one launch is one measurement. */
final class LimitProbe {
    private static final String MODULE = "LimitProbe";
    private static final int MEMORY_THREADS = 512;
    private static final int BLOCKS_PER_MULTIPROCESSOR = 4;
    private static final double FLOAT_FLOPS_PER_THREAD = 2.0 * 16 * 4096;
    private static final double TENSOR_FLOPS_PER_WARP = 2.0 * 16 * 8 * 16 * 8 * 2048;
    private static final double HOPPER_FLOPS_PER_BLOCK = 2.0 * 64 * 256 * 16 * 2048;

    private final CudaContext context;

    LimitProbe(CudaContext context) {
        this.context = context;
    }

    /**
     * Queues one pass.
     *
     * @param a a large buffer, of any content
     * @param b another of the same size
     */
    void launch(CUstream stream, LimitKind kind, DType dtype, Tensor a, Tensor b) {
        long from = CudaBuffer.address(a);
        long to = CudaBuffer.address(b);
        long n = a.byteSize() / 16;
        int blocks = blocks();
        switch (kind) {
            case READ ->
                    context.function(MODULE, "readAll")
                            .launch(stream, blocks, 1, 1, MEMORY_THREADS, 0, from, to, n);
            // The driver's own is the fastest that there is: a tenth faster than scaleAll on an
            // H200.
            case COPY ->
                    Cuda.check(
                            JCudaDriver.cuMemcpyDtoDAsync(
                                    ((CudaBuffer) b.buffer()).pointer(0),
                                    ((CudaBuffer) a.buffer()).pointer(0),
                                    a.byteSize(),
                                    stream),
                            "copy from GPU to GPU");
            case SCALE ->
                    context.function(MODULE, "scaleAll")
                            .launch(stream, blocks, 1, 1, MEMORY_THREADS, 0, from, to, n, 0.5f);
            case FMA -> {
                boolean hopper = hopper(dtype);
                String entry = dtype == DType.F32 ? "fmaFloat" : hopper ? "fmaHopper" : "fmaTensor";
                context.function(MODULE, entry)
                        .launch(stream, blocks, 1, 1, hopper ? 128 : 256, 0, to);
            }
        }
    }

    private int blocks() {
        return context.multiprocessors() * BLOCKS_PER_MULTIPROCESSOR;
    }

    private boolean hopper(DType dtype) {
        return dtype != DType.F32 && context.isHopper();
    }

    /** Bytes or floating-point operations of one launch. */
    double work(LimitKind kind, DType dtype, Tensor a) {
        return switch (kind) {
            case READ -> a.byteSize();
            case COPY, SCALE -> 2.0 * a.byteSize();
            case FMA ->
                    blocks()
                            * (dtype == DType.F32
                                    ? 256 * FLOAT_FLOPS_PER_THREAD
                                    : hopper(dtype)
                                            ? HOPPER_FLOPS_PER_BLOCK
                                            : 8 * TENSOR_FLOPS_PER_WARP);
        };
    }
}
