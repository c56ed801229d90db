package io.sparktts.tornado.f32;

import static io.sparktts.tornado.kernel.Elements.load;

import io.sparktts.tornado.kernel.Candidates;
import io.sparktts.tornado.kernel.KernelCode;
import io.sparktts.tornado.kernel.KernelSet;
import io.sparktts.tornado.kernel.Reductions;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Sampling for GPUs: groups share out a row of logits in chunks and keep what can be among its k
 * largest, a hundred of 166,000; then one group draws among these ({@link Candidates}). A chunk
 * gives a value that a few of its elements are not below, often the largest alone; where as many
 * chunks agree as make k of these, the row's k-th largest is not below either. Nothing is lost by
 * it: top-k cuts again, exactly.
 */
public final class GroupSamplingKernels {
    /** Logits of a chunk. */
    public static final int CHUNK = 2048;

    private static final int LANES = 128;
    private static final int PER_LANE = CHUNK / LANES;

    /** Halvings of the interval that holds a chunk's k-th largest element. */
    private static final int HALVINGS = 16;

    private static final float LEAST = -3.0e38f;

    private GroupSamplingKernels() {}

    /** All of them. */
    public static KernelSet.GroupSamplingSet set() {
        Class<?> here = GroupSamplingKernels.class;
        return new KernelSet.GroupSamplingSet(
                KernelCode.ofGroups(here, "chunkCut", GroupSamplingKernels::chunkCut),
                KernelCode.ofGroups(here, "countKept", GroupSamplingKernels::countKept),
                KernelCode.ofGroups(here, "gatherKept", GroupSamplingKernels::gatherKept));
    }

    /**
     * A value that at least k elements of the chunk are not below; the least float if it has no k
     * elements, or there is no k.
     *
     * <p>p: n, k, chunks of a row; cuts {@code [rows, chunks]}, logits.
     */
    public static void chunkCut(
            KernelContext c, FloatArray cutsF32, FloatArray logits, IntArray p) {
        float[] values = c.allocateFloatLocalArray(CHUNK);
        int lane = c.localIdx;
        int lanes = c.localGroupSizeX;
        int n = p.get(0);
        int k = p.get(1);
        int row = c.groupIdx / p.get(2);
        int first = c.groupIdx % p.get(2) * CHUNK;
        int count = Math.min(CHUNK, n - first);
        int from = p.get(4) + row * n + first;
        float most = LEAST;
        float least = -LEAST;
        for (int i = lane; i < count; i += lanes) {
            float v = load(logits, from + i);
            values[i] = v;
            most = TornadoMath.max(most, v);
            least = TornadoMath.min(least, v);
        }
        float high = Reductions.max(c, lane, lanes, most);
        float low = -Reductions.max(c, lane, lanes, -least);
        float middle = high;
        int halvings = 0;
        if (k > 1 && k <= count) {
            halvings = HALVINGS;
        }
        for (int s = 0; s < halvings; s++) {
            float reach = 0f;
            for (int i = lane; i < count; i += lanes) {
                if (values[i] >= middle) {
                    reach += 1f;
                }
            }
            float all = Reductions.sum(c, lane, lanes, reach);
            if (all >= k) {
                low = middle;
            } else {
                high = middle;
            }
            middle = low + (high - low) * 0.5f;
            c.localBarrier();
        }
        if (k == 1) {
            low = high;
        }
        if (k < 1 || k > count) {
            low = LEAST;
        }
        if (lane == 0) {
            cutsF32.set(p.get(3) + c.groupIdx, low);
        }
    }

    /** p: n, chunks of a row, chunks to agree; counts {@code [rows, chunks]}, cuts, logits. */
    public static void countKept(
            KernelContext c, IntArray counts, FloatArray cutsF32, FloatArray logits, IntArray p) {
        int lane = c.localIdx;
        int lanes = c.localGroupSizeX;
        int n = p.get(0);
        int chunks = p.get(1);
        int row = c.groupIdx / chunks;
        int first = c.groupIdx % chunks * CHUNK;
        int count = Math.min(CHUNK, n - first);
        int from = p.get(5) + row * n + first;
        int cuts = p.get(4) + row * chunks;
        float cut = Candidates.cutByCount(c, lane, lanes, cutsF32, cuts, chunks, p.get(2));
        float kept = 0f;
        for (int i = lane; i < count; i += lanes) {
            if (load(logits, from + i) >= cut) {
                kept += 1f;
            }
        }
        float all = Reductions.sum(c, lane, lanes, kept);
        if (lane == 0) {
            counts.set(p.get(3) + c.groupIdx, (int) all);
        }
    }

    /**
     * Writes what is kept of a chunk, in order, after that of the chunks before.
     *
     * <p>p: n, chunks of a row, chunks to agree; values and indices {@code [rows, n]}, counts,
     * cuts, logits.
     */
    public static void gatherKept(
            KernelContext c,
            FloatArray valuesF32,
            IntArray indices,
            IntArray counts,
            FloatArray cutsF32,
            FloatArray logits,
            IntArray p) {
        float[] ofLanes = c.allocateFloatLocalArray(LANES);
        int lane = c.localIdx;
        int lanes = c.localGroupSizeX;
        int n = p.get(0);
        int chunks = p.get(1);
        int row = c.groupIdx / chunks;
        int chunk = c.groupIdx % chunks;
        int first = chunk * CHUNK;
        int cuts = p.get(6) + row * chunks;
        float cut = Candidates.cutByCount(c, lane, lanes, cutsF32, cuts, chunks, p.get(2));
        float earlier = 0f;
        for (int i = lane; i < chunk; i += lanes) {
            earlier += counts.get(p.get(5) + row * chunks + i);
        }
        int to = (int) Reductions.sum(c, lane, lanes, earlier);
        int begin = first + lane * PER_LANE;
        int end = Math.min(n, begin + PER_LANE);
        int from = p.get(7) + row * n;
        float kept = 0f;
        for (int i = begin; i < end; i++) {
            if (load(logits, from + i) >= cut) {
                kept += 1f;
            }
        }
        ofLanes[lane] = kept;
        c.localBarrier();
        for (int i = 0; i < lane; i++) {
            to += (int) ofLanes[i];
        }
        for (int i = begin; i < end; i++) {
            float v = load(logits, from + i);
            if (v >= cut) {
                valuesF32.set(p.get(3) + row * n + to, v);
                indices.set(p.get(4) + row * n + to, i);
                to++;
            }
        }
    }
}
