package io.sparktts.jcuda;

import io.sparktts.backend.Tensor;

import jcuda.driver.CUstream;

/** Launches {@code Elementwise.cu}. */
final class Elementwise {
    private static final String MODULE = "Elementwise";
    private static final int BLOCK = 256;
    private static final int MOST_ROWS = 65_535;

    private final CudaContext context;

    Elementwise(CudaContext context) {
        this.context = context;
    }

    /** See {@link io.sparktts.backend.Kernels#add}. */
    void add(CUstream stream, Tensor out, Tensor a, Tensor b) {
        long n = out.elements();
        int width = 16 / out.dtype().bytes();
        boolean wide = n % width == 0 && CudaBuffer.aligned16(out, a, b);
        context.function(MODULE, "add_" + out.dtype().id())
                .launchThreads(
                        stream,
                        wide ? n / width : n,
                        BLOCK,
                        CudaBuffer.address(out),
                        CudaBuffer.address(a),
                        CudaBuffer.address(b),
                        n,
                        wide ? 1 : 0);
    }

    /** See {@link io.sparktts.backend.Kernels#siluMul}. */
    void siluMul(CUstream stream, Tensor out, Tensor gateUp) {
        int rows = out.rows();
        int n = out.columns();
        if (rows == 0) {
            return;
        }
        long outAt = CudaBuffer.address(out);
        long from = CudaBuffer.address(gateUp);
        int width = 16 / out.dtype().bytes();
        boolean wide = n % width == 0 && ((outAt | from) & 15) == 0;
        context.function(MODULE, "siluMul_" + out.dtype().id())
                .launchDependent(
                        stream,
                        blocks(wide ? n / width : n),
                        Math.min(rows, MOST_ROWS),
                        1,
                        BLOCK,
                        0,
                        outAt,
                        from,
                        rows,
                        n,
                        wide ? 1 : 0);
    }

    private static int blocks(long threads) {
        return Math.toIntExact((threads + BLOCK - 1) / BLOCK);
    }
}
