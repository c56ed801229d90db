package io.sparktts.jcuda;

import io.sparktts.backend.DType;
import io.sparktts.backend.Kernels;
import io.sparktts.backend.Sampling;
import io.sparktts.backend.Tensor;

import jcuda.driver.CUstream;

/** Launches {@code SamplingKernel.cu}. */
final class SamplingKernel {
    private static final String MODULE = "SamplingKernel";
    private static final int THREADS = 512;
    private static final int WARPS = THREADS / 32;

    /** Logits that a warp reads at once. */
    private static final int LINE = 128;

    /** Lines per warp: with four a group holds 64 logits. */
    private static final int STEPS = 4;

    /** Warps whose group maxima one block can hold in registers. */
    private static final int MOST_WARPS = 512;

    private static final int GROUPS_PER_WARP = 8;

    private final CudaContext context;

    SamplingKernel(CudaContext context) {
        this.context = context;
    }

    /** See {@link Kernels#samplingProbabilities}. */
    void probabilities(
            Kernels kernels,
            CUstream stream,
            CudaScratch scratch,
            Tensor out,
            Tensor logits,
            Sampling sampling) {
        int rows = logits.rows();
        int n = logits.columns();
        if (rows == 0) {
            return;
        }
        long states = CudaBuffer.address(kernels.scratch("sampling.states", DType.I32, rows, 6));
        choose(kernels, stream, scratch, 0L, 0L, states, logits, sampling);
        int blocks = Math.ceilDiv(Math.ceilDiv(n, 4), THREADS);
        context.function(MODULE, "spread_" + logits.dtype().id())
                .launch(
                        stream,
                        Math.multiplyExact(rows, blocks),
                        1,
                        1,
                        THREADS,
                        0,
                        CudaBuffer.address(out),
                        CudaBuffer.address(logits),
                        states,
                        n,
                        blocks,
                        (float) sampling.temperature());
    }

    /** See {@link Kernels#sample}. */
    void sample(
            Kernels kernels,
            CUstream stream,
            CudaScratch scratch,
            Tensor tokens,
            Tensor logits,
            Sampling sampling,
            Tensor random) {
        if (logits.rows() == 0) {
            return;
        }
        if (sampling.greedy()) {
            largest(kernels, stream, scratch, tokens, CudaBuffer.address(random), logits);
        } else {
            choose(
                    kernels,
                    stream,
                    scratch,
                    CudaBuffer.address(tokens),
                    CudaBuffer.address(random),
                    0L,
                    logits,
                    sampling);
        }
    }

    /** See {@link Kernels#argmax}. */
    void argmax(Kernels kernels, CUstream stream, CudaScratch scratch, Tensor tokens, Tensor x) {
        if (x.rows() > 0) {
            largest(kernels, stream, scratch, tokens, 0L, x);
        }
    }

    private void choose(
            Kernels kernels,
            CUstream stream,
            CudaScratch scratch,
            long tokens,
            long random,
            long states,
            Tensor logits,
            Sampling sampling) {
        int rows = logits.rows();
        int n = logits.columns();
        int lines = Math.ceilDiv(n, LINE);
        int steps = STEPS * Math.ceilDiv(lines, STEPS * MOST_WARPS);
        int warps = Math.ceilDiv(lines, steps);
        int blocks = Math.ceilDiv(warps, WARPS);
        Tensor maxima =
                kernels.scratch("sampling.maxima", DType.I32, rows, (long) warps * GROUPS_PER_WARP);
        context.function(MODULE, "choose_" + logits.dtype().id())
                .launch(
                        stream,
                        Math.multiplyExact(rows, blocks),
                        1,
                        1,
                        THREADS,
                        0,
                        tokens,
                        random,
                        states,
                        CudaBuffer.address(logits),
                        CudaBuffer.address(maxima),
                        CudaBuffer.address(scratch.counters("sampling.counters", rows)),
                        n,
                        blocks,
                        warps,
                        steps,
                        (float) sampling.temperature(),
                        sampling.topK(),
                        cut(sampling.topP()));
    }

    /** The share that top-p cuts, in units of 2^-64; 0 for none. */
    private static long cut(double topP) {
        double share = 1 - topP;
        if (share <= 0) {
            return 0;
        }
        return share >= 1 ? -1L : (long) (share * 0x1p63) << 1;
    }

    private void largest(
            Kernels kernels,
            CUstream stream,
            CudaScratch scratch,
            Tensor tokens,
            long random,
            Tensor x) {
        int rows = x.rows();
        int n = x.columns();
        int blocks = Math.clamp(Math.ceilDiv(n, 16 * THREADS), 1, 64);
        Tensor partial = kernels.scratch("sampling.partial", DType.I32, rows, 2L * blocks);
        context.function(MODULE, "argmax_" + x.dtype().id())
                .launch(
                        stream,
                        Math.multiplyExact(rows, blocks),
                        1,
                        1,
                        THREADS,
                        0,
                        CudaBuffer.address(tokens),
                        random,
                        CudaBuffer.address(x),
                        CudaBuffer.address(partial),
                        CudaBuffer.address(scratch.counters("sampling.counters", rows)),
                        n,
                        blocks);
    }
}
