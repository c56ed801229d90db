package io.sparktts.jcuda;

import io.sparktts.backend.Tensor;

import jcuda.driver.CUstream;

/** Launches {@code Softmax.cu}. */
final class Softmax {
    private static final int LONG_ROW = 4096;

    private final CudaContext context;

    Softmax(CudaContext context) {
        this.context = context;
    }

    /** See {@link io.sparktts.backend.Kernels#softmax}. */
    void run(CUstream stream, Tensor out, Tensor x) {
        int n = x.columns();
        if (x.rows() > 0) {
            context.function("Softmax", "softmax_" + x.dtype().id())
                    .launch(
                            stream,
                            x.rows(),
                            1,
                            1,
                            n >= LONG_ROW ? 1024 : 128,
                            0,
                            CudaBuffer.address(out),
                            CudaBuffer.address(x),
                            n);
        }
    }
}
