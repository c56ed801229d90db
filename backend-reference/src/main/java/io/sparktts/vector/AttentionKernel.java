package io.sparktts.vector;

import static io.sparktts.vector.Lanes.ALL;
import static io.sparktts.vector.Lanes.F;
import static io.sparktts.vector.Lanes.FLOAT;
import static io.sparktts.vector.Lanes.L;
import static io.sparktts.vector.Lanes.PANEL;
import static io.sparktts.vector.Lanes.TILE;

import io.sparktts.backend.AttentionShape;
import io.sparktts.backend.DType;
import io.sparktts.backend.SequenceBatch;
import io.sparktts.backend.Tensor;
import io.sparktts.host.HostDevice;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

import org.jspecify.annotations.Nullable;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * Causal grouped-query attention with online softmax (FlashAttention, Dao et al. 2022).
 *
 * <p>Lanes are queries: those of {@link #TOKENS} tokens and of all heads that share a key/value
 * head. A block of keys and values is widened once and meets all of them. Scores come out as {@code
 * [key][query]}, so softmax needs no reduction across lanes and its result is the panel of the
 * second product as it is.
 */
final class AttentionKernel implements AutoCloseable {
    /** Tokens of a work item: with a group of 7 heads, 224 queries share each widened block. */
    private static final int TOKENS = 32;

    /** Keys of a block, a multiple of {@link Lanes#TILE}. */
    private static final int KEYS = 64;

    /**
     * Stands for "no score yet"; finite, so that a lane without any key gives zeros rather than
     * NaN.
     */
    private static final float LOWEST = -3e38f;

    private final WorkerPool pool;
    private final WorkerScratch scratch;
    private final WorkerArrays arrays;
    private final WorkerPool.Task task = this::item;

    private @Nullable VectorKvCache cache;
    private @Nullable AttentionShape shape;
    private int layer;
    private long qkv;
    private long out;
    private DType dtype = DType.F32;
    private long offsets;
    private long positions;
    private long slots;
    private int batch;

    AttentionKernel(WorkerPool pool) {
        this.pool = pool;
        this.scratch = new WorkerScratch(pool);
        this.arrays = new WorkerArrays(pool);
    }

    void run(
            Tensor o,
            Tensor x,
            VectorKvCache c,
            int layerIndex,
            AttentionShape s,
            SequenceBatch sequences) {
        cache = c;
        shape = s;
        layer = layerIndex;
        qkv = HostDevice.address(x);
        out = HostDevice.address(o);
        dtype = x.dtype();
        offsets = HostDevice.address(sequences.tokenOffsets());
        positions = HostDevice.address(sequences.positions());
        slots = HostDevice.address(sequences.slot());
        batch = sequences.batch();
        int items = 0;
        for (int b = 0; b < batch; b++) {
            items += blocks(b) * s.kvHeads();
        }
        pool.run(task, items);
    }

    private int blocks(int sequence) {
        if (Lanes.getInt(slots + 4L * sequence) < 0) {
            return 0;
        }
        int tokens =
                Lanes.getInt(offsets + 4L * sequence + 4) - Lanes.getInt(offsets + 4L * sequence);
        return (tokens + TOKENS - 1) / TOKENS;
    }

    private void item(int index, int worker) {
        VectorKvCache c = cache;
        AttentionShape s = shape;
        if (c == null || s == null) {
            throw new IllegalStateException("no call is under way");
        }
        int sequence = 0;
        int rest = index;
        while (rest >= blocks(sequence) * s.kvHeads()) {
            rest -= blocks(sequence) * s.kvHeads();
            sequence++;
        }
        int blocks = blocks(sequence);
        int head = rest / blocks;
        // The last tokens see the most keys: they go first, so that no core ends with the longest
        // item.
        int block = blocks - 1 - rest % blocks;
        int first = Lanes.getInt(offsets + 4L * sequence) + block * TOKENS;
        int last = Math.min(first + TOKENS, Lanes.getInt(offsets + 4L * sequence + 4));
        attend(c, s, Lanes.getInt(slots + 4L * sequence), head, first, last, worker);
    }

    private void attend(
            VectorKvCache c,
            AttentionShape s,
            int slot,
            int head,
            int first,
            int last,
            int worker) {
        int d = s.headDim();
        int dims = c.dimTiles() * TILE;
        int queries = (last - first) * s.group();
        int panels = (queries + PANEL - 1) / PANEL;
        // Where each piece starts in the worker's array.
        int acc = panels * d * PANEL;
        int maxima = acc + panels * dims * PANEL;
        int sums = maxima + panels * PANEL;
        int limits = sums + panels * PANEL;
        int keys = limits + panels * PANEL;
        int values = keys + KEYS * d;
        int scores = values + KEYS * dims;
        float[] work = arrays.get(worker, scores + KEYS * PANEL);
        long row = scratch.get(worker, 4L * KEYS * Math.max(d, TILE));

        packQueries(s, head, first, last, panels, work, limits, row);
        Arrays.fill(work, acc, maxima, 0);
        Arrays.fill(work, maxima, sums, LOWEST);
        Arrays.fill(work, sums, limits, 0);
        int end = Lanes.getInt(positions + 4L * (last - 1)) + 1;
        for (int from = 0; from < end; from += KEYS) {
            int live = Math.min(KEYS, end - from);
            int tiles = (live + TILE - 1) / TILE;
            widen(c.keyTile(layer, slot, head, from), c.dtype(), tiles * TILE * d, row, work, keys);
            for (int t = 0; t < c.dimTiles(); t++) {
                long source = c.valueTile(layer, slot, head, t, from);
                widen(source, c.dtype(), live * TILE, row, work, values + KEYS * TILE * t);
            }
            for (int p = 0; p < panels; p++) {
                int lastQuery = Math.min(queries, (p + 1) * PANEL) - 1;
                if (from > work[limits + lastQuery]) {
                    continue;
                }
                Arrays.fill(work, scores, scores + tiles * TILE * PANEL, 0);
                // The queries of one token seldom fill a panel: decode leaves its second half out.
                int halves = queries - p * PANEL <= L ? 1 : 2;
                for (int t = 0; t < tiles; t++) {
                    int a = keys + TILE * d * t;
                    int to = scores + TILE * PANEL * t;
                    multiplyAdd(halves, work, a, p * d * PANEL, d, to);
                }
                boolean diagonal =
                        from + live - 1 > work[limits + p * PANEL]
                                || lastQuery < (p + 1) * PANEL - 1;
                for (int lane = p * PANEL, half = 0; half < halves; half++, lane += L) {
                    softmaxBlock(
                            work,
                            scores + half * L,
                            live,
                            diagonal ? from : -1,
                            limits + lane,
                            maxima + lane,
                            sums + lane,
                            acc + p * dims * PANEL + half * L,
                            dims);
                }
                for (int t = 0; t < c.dimTiles(); t++) {
                    int a = values + KEYS * TILE * t;
                    int to = acc + (p * dims + TILE * t) * PANEL;
                    multiplyAdd(halves, work, a, scores, live, to);
                }
            }
        }
        store(s, head, first, last, work, acc, sums, dims, row);
    }

    private static void multiplyAdd(int halves, float[] work, int x, int panel, int k, int c) {
        if (halves == 1) {
            MicroKernel.multiplyAddHalf(work, x, work, panel, k, work, c);
        } else {
            MicroKernel.multiplyAdd(work, x, work, panel, k, work, c);
        }
    }

    private static void widen(long source, DType type, int n, long staging, float[] to, int at) {
        Convert.widen(source, type, staging, n);
        MemorySegment.copy(ALL, FLOAT, staging, to, at, n);
    }

    /**
     * Queries times the scale, as panels {@code [d][PANEL]} from the array's start, with each
     * lane's last visible position at {@code limits} (as a float: positions are small enough to be
     * exact).
     */
    private void packQueries(
            AttentionShape s,
            int head,
            int first,
            int last,
            int panels,
            float[] work,
            int limits,
            long row) {
        int d = s.headDim();
        float scale = (float) (1 / Math.sqrt(d));
        int lane = 0;
        for (int token = first; token < last; token++) {
            int limit = Lanes.getInt(positions + 4L * token);
            for (int g = 0; g < s.group(); g++, lane++) {
                long source = (long) token * s.qkvWidth() + (long) (head * s.group() + g) * d;
                Convert.widen(qkv + source * dtype.bytes(), dtype, row, d);
                int to = d * PANEL * (lane / PANEL) + lane % PANEL;
                for (int i = 0; i < d; i++) {
                    work[to + PANEL * i] = ALL.get(FLOAT, row + 4L * i) * scale;
                }
                work[limits + lane] = limit;
            }
        }
        for (; lane < panels * PANEL; lane++) {
            int to = d * PANEL * (lane / PANEL) + lane % PANEL;
            for (int i = 0; i < d; i++) {
                work[to + PANEL * i] = 0;
            }
            work[limits + lane] = -1;
        }
    }

    /**
     * One step of online softmax for a vector of queries: scores become weights, the accumulator is
     * rescaled.
     *
     * @param maskFrom position of the block's first key where some lane must not see all of it,
     *     else -1
     */
    private static void softmaxBlock(
            float[] work,
            int scores,
            int live,
            int maskFrom,
            int limits,
            int maxima,
            int sums,
            int acc,
            int dims) {
        FloatVector before = FloatVector.fromArray(F, work, maxima);
        FloatVector max = before;
        if (maskFrom >= 0) {
            FloatVector limit = FloatVector.fromArray(F, work, limits);
            FloatVector hidden = FloatVector.broadcast(F, Float.NEGATIVE_INFINITY);
            for (int k = 0; k < live; k++) {
                FloatVector v =
                        FloatVector.fromArray(F, work, scores + PANEL * k)
                                .blend(hidden, limit.compare(VectorOperators.LT, maskFrom + k));
                v.intoArray(work, scores + PANEL * k);
                max = max.max(v);
            }
        } else {
            for (int k = 0; k < live; k++) {
                max = max.max(FloatVector.fromArray(F, work, scores + PANEL * k));
            }
        }
        FloatVector factor = Exp.exp(before.sub(max));
        FloatVector sum = FloatVector.fromArray(F, work, sums).mul(factor);
        max.intoArray(work, maxima);
        for (int k = 0; k < live; k++) {
            FloatVector e = Exp.exp(FloatVector.fromArray(F, work, scores + PANEL * k).sub(max));
            e.intoArray(work, scores + PANEL * k);
            sum = sum.add(e);
        }
        sum.intoArray(work, sums);
        for (int i = 0; i < dims; i++) {
            FloatVector.fromArray(F, work, acc + PANEL * i)
                    .mul(factor)
                    .intoArray(work, acc + PANEL * i);
        }
    }

    private void store(
            AttentionShape s,
            int head,
            int first,
            int last,
            float[] work,
            int acc,
            int sums,
            int dims,
            long row) {
        int d = s.headDim();
        int lane = 0;
        for (int token = first; token < last; token++) {
            for (int g = 0; g < s.group(); g++, lane++) {
                float inverse = 1 / work[sums + lane];
                int from = acc + dims * PANEL * (lane / PANEL) + lane % PANEL;
                for (int i = 0; i < d; i++) {
                    ALL.set(FLOAT, row + 4L * i, work[from + PANEL * i] * inverse);
                }
                long to = (long) token * s.queryWidth() + (long) (head * s.group() + g) * d;
                Convert.round(row, out + to * dtype.bytes(), dtype, d);
            }
        }
    }

    @Override
    public void close() {
        scratch.close();
    }
}
