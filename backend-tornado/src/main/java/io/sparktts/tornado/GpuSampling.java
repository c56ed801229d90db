package io.sparktts.tornado;

import static io.sparktts.tornado.Launcher.NO_SCALARS;
import static io.sparktts.tornado.Launcher.ROW_LANES;
import static io.sparktts.tornado.Launcher.scalars;
import static io.sparktts.tornado.Launcher.set;
import static io.sparktts.tornado.Launcher.sizes;

import io.sparktts.backend.DType;
import io.sparktts.backend.Sampling;
import io.sparktts.backend.Tensor;
import io.sparktts.tornado.f32.GroupSamplingKernels;
import io.sparktts.tornado.kernel.Candidates;
import io.sparktts.tornado.kernel.KernelSet.GroupSamplingSet;

import org.jspecify.annotations.Nullable;

/** Sampling on GPUs: all groups narrow the logits to candidates, one group per row draws. */
final class GpuSampling {
    private final Launcher launcher;
    private final Scratch scratch;

    GpuSampling(Launcher launcher, Scratch scratch) {
        this.launcher = launcher;
        this.scratch = scratch;
    }

    /** What is left of logits. */
    private record Narrowed(Tensor values, Tensor indices, Tensor counts, int chunks) {}

    /** Keeps at least the {@code k} largest of each row, or all if there is no {@code k}. */
    private Narrowed narrow(Tensor logits, int k) {
        int rows = logits.rows();
        int n = logits.columns();
        int chunks = (n + GroupSamplingKernels.CHUNK - 1) / GroupSamplingKernels.CHUNK;
        long groups = (long) rows * chunks;
        GroupSamplingSet set = set(logits.dtype()).group().sampling();
        Tensor cuts = scratch.get("sampling.cuts", DType.F32, rows, chunks);
        Tensor counts = scratch.get("sampling.counts", DType.I32, rows, chunks);
        Tensor values = scratch.get("sampling.values", DType.F32, rows, n);
        Tensor indices = scratch.get("sampling.indices", DType.I32, rows, n);
        int ofChunk = (k + chunks - 1) / chunks;
        int agreeing = k == 0 ? 1 : (k + ofChunk - 1) / ofChunk;
        int[] first = sizes(n, ofChunk, chunks);
        launcher.groups(set.chunkCut(), groups, ROW_LANES, first, NO_SCALARS, cuts, logits);
        int[] s = sizes(n, chunks, agreeing);
        launcher.groups(set.countKept(), groups, ROW_LANES, s, NO_SCALARS, counts, cuts, logits);
        launcher.groups(
                set.gatherKept(),
                groups,
                ROW_LANES,
                s,
                NO_SCALARS,
                values,
                indices,
                counts,
                cuts,
                logits);
        return new Narrowed(values, indices, counts, chunks);
    }

    void sample(Tensor tokens, Tensor logits, Sampling sampling, Tensor random) {
        if (sampling.greedy()) {
            largest(tokens, logits, random);
            return;
        }
        Narrowed left = narrow(logits, sampling.topK());
        launcher.groups(
                Candidates.DRAW,
                logits.rows(),
                ROW_LANES,
                sizes(logits.columns(), sampling.topK(), left.chunks),
                scalars(1 / sampling.temperature(), sampling.topP()),
                tokens,
                left.values,
                left.indices,
                left.counts,
                random);
    }

    /**
     * The first of the largest of each row.
     *
     * @param random whose draw moves on, or null
     */
    void largest(Tensor tokens, Tensor logits, @Nullable Tensor random) {
        Narrowed left = narrow(logits, 1);
        int rows = logits.rows();
        launcher.rows(
                Candidates.FIRST,
                rows,
                sizes(logits.columns(), rows, random == null ? 0 : 1),
                NO_SCALARS,
                tokens,
                left.indices,
                random == null ? left.counts : random);
    }
}
