package io.sparktts.jcuda;

import io.sparktts.backend.Tensor;

import jcuda.driver.CUstream;

/** Launches {@code RmsNorm.cu}. */
final class RmsNorm {
    private static final String MODULE = "RmsNorm";
    private static final int BLOCK = 256;

    /** Teams of threads per row and vectors of 16 bytes per thread, the smallest first. */
    private static final int[][] FEW_ROWS = {{32, 1}, {128, 1}, {256, 1}, {256, 4}, {256, 8}};

    private static final int[][] MANY_ROWS = {{32, 1}, {32, 4}, {32, 8}, {256, 4}, {256, 8}};

    private final CudaContext context;

    RmsNorm(CudaContext context) {
        this.context = context;
    }

    /** See {@link io.sparktts.backend.Kernels#rmsNorm}. */
    void rmsNorm(CUstream stream, Tensor out, Tensor x, Tensor weight, double epsilon) {
        run(stream, "rmsNorm_", x, out, x, null, weight, epsilon);
    }

    /** See {@link io.sparktts.backend.Kernels#addRmsNorm}. */
    void addRmsNorm(
            CUstream stream, Tensor out, Tensor residual, Tensor x, Tensor weight, double epsilon) {
        run(stream, "addRmsNorm_", x, out, x, residual, weight, epsilon);
    }

    private void run(
            CUstream stream,
            String name,
            Tensor shape,
            Tensor out,
            Tensor x,
            @org.jspecify.annotations.Nullable Tensor residual,
            Tensor weight,
            double epsilon) {
        int rows = shape.rows();
        int n = shape.columns();
        if (rows == 0) {
            return;
        }
        long outAt = CudaBuffer.address(out);
        long xAt = CudaBuffer.address(x);
        long residualAt = CudaBuffer.addressOrNull(residual);
        long weightAt = CudaBuffer.address(weight);
        int wide = 16 / x.dtype().bytes();
        boolean aligned = n % wide == 0 && ((outAt | xAt | residualAt | weightAt) & 15) == 0;
        String suffix = "_" + x.dtype().id();
        int[] team = aligned ? team(rows, n / wide) : null;
        Object[] pointers =
                residual == null
                        ? new Object[] {outAt, xAt, weightAt}
                        : new Object[] {outAt, residualAt, xAt, weightAt};
        if (team == null) {
            launch(stream, name + "any" + suffix, rows, pointers, (float) epsilon, n);
        } else {
            int perBlock = BLOCK / team[0];
            launch(
                    stream,
                    name + "t" + team[0] + "v" + team[1] + suffix,
                    (rows + perBlock - 1) / perBlock,
                    pointers,
                    (float) epsilon,
                    rows,
                    n);
        }
    }

    /** Null for a row that does not fit in the registers of a block. */
    private int @org.jspecify.annotations.Nullable [] team(int rows, int vectors) {
        // A warp per row fills the GPU once every multiprocessor has 16 of them.
        int[][] teams = rows >= 16 * context.multiprocessors() ? MANY_ROWS : FEW_ROWS;
        for (int[] t : teams) {
            if (vectors <= t[0] * t[1]) {
                return t;
            }
        }
        return null;
    }

    private void launch(
            CUstream stream, String entry, int blocks, Object[] pointers, Object... rest) {
        Object[] all = new Object[pointers.length + rest.length];
        System.arraycopy(pointers, 0, all, 0, pointers.length);
        System.arraycopy(rest, 0, all, pointers.length, rest.length);
        context.function(MODULE, entry).launchDependent(stream, blocks, 1, 1, BLOCK, 0, all);
    }
}
