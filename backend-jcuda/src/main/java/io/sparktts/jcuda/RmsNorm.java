package io.sparktts.jcuda;

import io.sparktts.backend.Tensor;

import jcuda.driver.CUstream;

import org.jspecify.annotations.Nullable;

import java.util.List;

/** Launches {@code RmsNorm.cu}. */
final class RmsNorm {
    private static final String MODULE = "RmsNorm";
    private static final int SCALAR_BLOCK = 256;
    private static final int LEAST_BLOCK = 128;

    /**
     * The threads of a row.
     *
     * @param vectors of 16 bytes per thread
     * @param leastRows per multiprocessor, so that all of its loads together fill it
     */
    private record Team(int threads, int vectors, int leastRows) {}

    /** The best first. */
    private static final List<Team> TEAMS =
            List.of(
                    new Team(32, 1, 0),
                    new Team(32, 4, 4),
                    new Team(32, 8, 16),
                    new Team(128, 1, 0),
                    new Team(256, 1, 0),
                    new Team(256, 4, 0),
                    new Team(256, 8, 0));

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
            @Nullable Tensor residual,
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
        Team team = aligned ? team(rows, n / wide) : null;
        Object[] pointers =
                residual == null
                        ? new Object[] {outAt, xAt, weightAt}
                        : new Object[] {outAt, residualAt, xAt, weightAt};
        if (team == null) {
            String entry = name + "any" + suffix;
            launch(stream, entry, rows, SCALAR_BLOCK, pointers, (float) epsilon, n);
        } else {
            int block = Math.max(team.threads, LEAST_BLOCK);
            int perBlock = block / team.threads;
            launch(
                    stream,
                    name + "t" + team.threads + "v" + team.vectors + suffix,
                    (rows + perBlock - 1) / perBlock,
                    block,
                    pointers,
                    (float) epsilon,
                    rows,
                    n);
        }
    }

    /** Null for a row that does not fit in the registers of a block. */
    private @Nullable Team team(int rows, int vectors) {
        for (Team t : TEAMS) {
            if (vectors <= t.threads * t.vectors
                    && rows >= t.leastRows * context.multiprocessors()) {
                return t;
            }
        }
        return null;
    }

    private void launch(
            CUstream stream,
            String entry,
            int blocks,
            int block,
            Object[] pointers,
            Object... rest) {
        Object[] all = new Object[pointers.length + rest.length];
        System.arraycopy(pointers, 0, all, 0, pointers.length);
        System.arraycopy(rest, 0, all, pointers.length, rest.length);
        context.function(MODULE, entry).launchDependent(stream, blocks, 1, 1, block, 0, all);
    }
}
