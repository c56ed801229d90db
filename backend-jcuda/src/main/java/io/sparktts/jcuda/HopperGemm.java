package io.sparktts.jcuda;

import io.sparktts.backend.DType;
import io.sparktts.backend.Tensor;

import jcuda.driver.CUstream;

import org.jspecify.annotations.Nullable;

/** Launches {@code HopperGemm.cu}: products of many rows on Hopper's tensor cores. */
final class HopperGemm {
    private static final String MODULE = "HopperGemm";
    private static final int THREADS = 384;
    private static final int ROWS = 128;
    private static final int BOX_COLUMNS = 64;

    /** Rows of the weight that a tile can have; the larger, the less is read twice. */
    private static final int[] WEIGHT_ROWS = {256, 240, 128};

    private final CudaContext context;

    HopperGemm(CudaContext context) {
        this.context = context;
    }

    /** Whether rows are many, 16-bit, and placed as the copy engine and wide stores need it. */
    boolean accepts(Tensor out, Tensor x, CudaWeight weight, @Nullable Tensor residual) {
        return context.isHopper()
                && x.dtype() != DType.F32
                && out.dtype() == x.dtype()
                && x.rows() >= BOX_COLUMNS
                && weight.inFeatures() % 8 == 0
                && out.columns() % 8 == 0
                && ((CudaBuffer.address(out)
                                        | CudaBuffer.address(x)
                                        | CudaBuffer.addressOrNull(residual))
                                & 15)
                        == 0;
    }

    /** {@code out = x W^T + bias + residual}; {@code out} may be {@code residual}. */
    void linear(
            CUstream stream,
            Tensor out,
            Tensor x,
            CudaWeight weight,
            @Nullable Tensor bias,
            @Nullable Tensor residual) {
        run(stream, "linear", 1, out, x, weight, bias, residual);
    }

    /** {@code out = silu(gate) * up} of {@code x}. */
    void swiGlu(CUstream stream, Tensor out, Tensor x, CudaWeight gateUp) {
        run(stream, "swiGlu", 2, out, x, gateUp, null, null);
    }

    private void run(
            CUstream stream,
            String entry,
            int weightRowsPerColumn,
            Tensor out,
            Tensor x,
            CudaWeight weight,
            @Nullable Tensor bias,
            @Nullable Tensor residual) {
        int m = x.rows();
        int n = out.columns();
        int weightRows = WEIGHT_ROWS[0];
        for (int candidate : WEIGHT_ROWS) {
            // Time is that of the fullest multiprocessor.
            if (waves(m, n, candidate / weightRowsPerColumn) * candidate
                    < waves(m, n, weightRows / weightRowsPerColumn) * weightRows) {
                weightRows = candidate;
            }
        }
        int tiles = tiles(m, n, weightRows / weightRowsPerColumn);
        context.function(MODULE, entry + weightRows + "_" + x.dtype().id())
                .launchDependent(
                        stream,
                        Math.min(tiles, context.multiprocessors()),
                        1,
                        1,
                        THREADS,
                        sharedBytes(weightRows),
                        CudaBuffer.address(out),
                        CudaBuffer.addressOrNull(bias),
                        CudaBuffer.addressOrNull(residual),
                        m,
                        n,
                        weight.inFeatures(),
                        context.tensorMaps().of(x, ROWS),
                        context.tensorMaps().of(weight, weightRows / 2));
    }

    private static int tiles(int m, int n, int columns) {
        return Math.ceilDiv(m, ROWS) * Math.ceilDiv(n, columns);
    }

    private int waves(int m, int n, int columns) {
        return Math.ceilDiv(tiles(m, n, columns), context.multiprocessors());
    }

    /** Four stages of x and weight, an output part for each warpgroup, and room to align them. */
    private static int sharedBytes(int weightRows) {
        return 4 * (ROWS + weightRows) * BOX_COLUMNS * 2 + 2 * 64 * weightRows + 1024;
    }
}
