package io.sparktts.vector;

import static io.sparktts.vector.Lanes.ALL;
import static io.sparktts.vector.Lanes.PANEL;
import static io.sparktts.vector.Lanes.TILE;

import io.sparktts.backend.AttentionShape;
import io.sparktts.backend.DType;
import io.sparktts.backend.Kernels;
import io.sparktts.backend.SequenceBatch;
import io.sparktts.backend.Tensor;
import io.sparktts.host.HostDevice;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * Attention as eager PyTorch computes it: the score matrix in memory, a pass each for scale, mask
 * and softmax, every intermediate rounded to the dtype. Head by head, so that the matrix of one
 * head is all that must fit.
 */
final class NaiveAttention implements AutoCloseable {
    private final WorkerPool pool;
    private final WorkerScratch scratch;
    private final Elementwise elementwise;
    private final RowKernels rowKernels;
    private final WorkerArrays arrays;

    /** This head's keys or values in panels. */
    private float[] panels = new float[0];

    private final WorkerPool.Task scoreTask = this::scoreTile;
    private final WorkerPool.Task maskTask = this::maskRow;
    private final WorkerPool.Task valueTask = this::valueTile;

    private DType dtype = DType.F32;
    private int d;
    private int tokens;
    private int length;
    private long queries;
    private int queryStride;
    private long scores;
    private long out;
    private int outStride;
    private long positions;

    NaiveAttention(WorkerPool pool, Elementwise elementwise, RowKernels rowKernels) {
        this.pool = pool;
        this.scratch = new WorkerScratch(pool);
        this.arrays = new WorkerArrays(pool);
        this.elementwise = elementwise;
        this.rowKernels = rowKernels;
    }

    void run(
            Kernels kernels,
            Tensor o,
            Tensor qkv,
            VectorKvCache cache,
            int layer,
            AttentionShape s,
            SequenceBatch batch) {
        dtype = qkv.dtype();
        d = s.headDim();
        queryStride = s.qkvWidth();
        outStride = s.queryWidth();
        for (int b = 0; b < batch.batch(); b++) {
            int slot = Lanes.getInt(HostDevice.address(batch.slot()) + 4L * b);
            long offsets = HostDevice.address(batch.tokenOffsets()) + 4L * b;
            int first = Lanes.getInt(offsets);
            tokens = Lanes.getInt(offsets + 4) - first;
            if (slot < 0 || tokens <= 0) {
                continue;
            }
            positions = HostDevice.address(batch.positions()) + 4L * first;
            length = Lanes.getInt(positions + 4L * (tokens - 1)) + 1;
            if (tokens == 1) {
                // A recorded decode step must not allocate when the sequence grows: reserve the
                // longest row.
                kernels.scratch("naiveAttention.scores", dtype, 1, cache.capacity());
            }
            Tensor matrix = kernels.scratch("naiveAttention.scores", dtype, tokens, length);
            scores = HostDevice.address(matrix);
            int tiles = (tokens + TILE - 1) / TILE;
            for (int h = 0; h < s.heads(); h++) {
                queries =
                        HostDevice.address(qkv)
                                + ((long) first * queryStride + (long) h * d) * dtype.bytes();
                out =
                        HostDevice.address(o)
                                + ((long) first * outStride + (long) h * d) * dtype.bytes();
                keyPanels(cache, layer, slot, h / s.group());
                pool.run(scoreTask, tiles);
                elementwise.apply(
                        Elementwise.Step.SCALE, matrix, matrix, matrix, (float) (1 / Math.sqrt(d)));
                pool.run(maskTask, tokens);
                rowKernels.softmax(matrix, matrix);
                valuePanels(cache, layer, slot, h / s.group());
                pool.run(valueTask, tiles);
            }
        }
    }

    private void clearPanels(int columns, int depth) {
        int length = Lanes.roundUp(columns, PANEL) * depth;
        if (panels.length < length) {
            panels = new float[length];
        } else {
            Arrays.fill(panels, 0, length, 0);
        }
    }

    /**
     * This head's keys, once per query head as repeat_kv copies them: {@code [key
     * panel][d][PANEL]}.
     */
    private void keyPanels(VectorKvCache cache, int layer, int slot, int head) {
        clearPanels(length, d);
        long wide = scratch.get(0, 4L * TILE * d);
        for (int from = 0; from < length; from += TILE) {
            Convert.widen(cache.keyTile(layer, slot, head, from), cache.dtype(), wide, TILE * d);
            for (int k = 0; k < Math.min(TILE, length - from); k++) {
                int to = PANEL * d * ((from + k) / PANEL) + (from + k) % PANEL;
                for (int i = 0; i < d; i++) {
                    panels[to + PANEL * i] = Lanes.getFloat(wide + 4L * (i * TILE + k));
                }
            }
        }
    }

    /** This head's values: {@code [dim panel][key][PANEL]}. */
    private void valuePanels(VectorKvCache cache, int layer, int slot, int head) {
        clearPanels(d, length);
        long wide = scratch.get(0, 4L * TILE);
        for (int k = 0; k < length; k++) {
            for (int t = 0; t < d; t += TILE) {
                Convert.widen(
                        cache.valueTile(layer, slot, head, t / TILE, k), cache.dtype(), wide, TILE);
                for (int i = t; i < Math.min(d, t + TILE); i++) {
                    panels[PANEL * (length * (i / PANEL) + k) + i % PANEL] =
                            Lanes.getFloat(wide + 4L * (i - t));
                }
            }
        }
    }

    private void scoreTile(int tile, int worker) {
        tileProduct(tile, worker, queries, queryStride, d, length, scores, length);
    }

    private void valueTile(int tile, int worker) {
        tileProduct(tile, worker, scores, length, length, d, out, outStride);
    }

    /** {@code TILE} rows of {@code to = from * panels}, rounded to the dtype. */
    private void tileProduct(
            int tile,
            int worker,
            long from,
            int fromStride,
            int depth,
            int columns,
            long to,
            int toStride) {
        long row = scratch.get(worker, 4L * Math.max(depth, TILE * PANEL));
        int c = TILE * depth;
        float[] work = arrays.get(worker, c + TILE * PANEL);
        int count = Math.min(TILE, tokens - tile * TILE);
        for (int r = 0; r < TILE; r++) {
            if (r < count) {
                long source = from + (long) (tile * TILE + r) * fromStride * dtype.bytes();
                Convert.widen(source, dtype, row, depth);
            }
            for (int i = 0; i < depth; i++) {
                work[i * TILE + r] = r < count ? Lanes.getFloat(row + 4L * i) : 0;
            }
        }
        for (int p = 0; p * PANEL < columns; p++) {
            Arrays.fill(work, c, c + TILE * PANEL, 0);
            MicroKernel.multiplyAdd(work, 0, panels, PANEL * depth * p, depth, work, c);
            MemorySegment.copy(work, c, ALL, Lanes.FLOAT, row, TILE * PANEL);
            int live = Math.min(PANEL, columns - p * PANEL);
            for (int r = 0; r < count; r++) {
                long target =
                        to
                                + ((long) (tile * TILE + r) * toStride + (long) p * PANEL)
                                        * dtype.bytes();
                Convert.round(row + 4L * PANEL * r, target, dtype, live);
            }
        }
    }

    private void maskRow(int token, int worker) {
        int from = Lanes.getInt(positions + 4L * token) + 1;
        long row = scores + (long) token * length * dtype.bytes();
        for (int k = from; k < length; k++) {
            switch (dtype) {
                case F32 -> Lanes.putFloat(row + 4L * k, Float.NEGATIVE_INFINITY);
                case BF16 -> ALL.set(Lanes.SHORT, row + 2L * k, (short) 0xff80);
                default -> ALL.set(Lanes.SHORT, row + 2L * k, (short) 0xfc00);
            }
        }
    }

    @Override
    public void close() {
        scratch.close();
    }
}
