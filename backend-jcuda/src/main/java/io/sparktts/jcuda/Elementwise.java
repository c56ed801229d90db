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
        if (n == 0) {
            return;
        }
        long outAt = CudaBuffer.address(out);
        long aAt = CudaBuffer.address(a);
        long bAt = CudaBuffer.address(b);
        int width = 16 / out.dtype().bytes();
        boolean wide = n % width == 0 && ((outAt | aAt | bAt) & 15) == 0;
        long threads = wide ? n / width : n;
        context.function(MODULE, "add_" + out.dtype().id())
                .launchDependent(
                        stream, blocks(threads), 1, 1, BLOCK, 0, outAt, aAt, bAt, n, wide ? 1 : 0);
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
