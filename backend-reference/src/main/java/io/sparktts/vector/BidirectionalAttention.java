package io.sparktts.vector;

import static io.sparktts.vector.Lanes.ALL;
import static io.sparktts.vector.Lanes.F;
import static io.sparktts.vector.Lanes.L;
import static io.sparktts.vector.Lanes.ORDER;

import io.sparktts.backend.DType;
import io.sparktts.backend.Tensor;
import io.sparktts.host.HostDevice;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/**
 * Attention without mask or cache, for the encoders of a reference clip. All tensors are widened
 * once; a chunk is one query, whose scores fit the first-level cache.
 */
final class BidirectionalAttention implements AutoCloseable {
    private final WorkerPool pool;
    private final WorkerScratch wide;
    private final WorkerScratch scratch;
    private final WorkerPool.Task task = this::query;

    private long queries;
    private long keys;
    private long values;
    private int positions;
    private int heads;
    private int headDim;
    private long out;
    private DType dtype = DType.F32;

    BidirectionalAttention(WorkerPool pool) {
        this.pool = pool;
        this.wide = new WorkerScratch(pool);
        this.scratch = new WorkerScratch(pool);
    }

    void run(Tensor o, Tensor q, Tensor k, Tensor v, int headCount) {
        if (q.columns() != k.columns()
                || v.elements() != k.elements()
                || o.elements() != q.elements()
                || q.columns() % headCount != 0) {
            throw new IllegalArgumentException(
                    "attention: " + o + " of " + q + ", " + k + ", " + v);
        }
        queries = wide.get(0, 4 * (q.elements() + 2 * k.elements()));
        keys = queries + 4 * q.elements();
        values = keys + 4 * k.elements();
        dtype = q.dtype();
        Convert.widen(HostDevice.address(q), dtype, queries, (int) q.elements());
        Convert.widen(HostDevice.address(k), dtype, keys, (int) k.elements());
        Convert.widen(HostDevice.address(v), dtype, values, (int) v.elements());
        positions = k.rows();
        heads = headCount;
        headDim = q.columns() / headCount;
        out = HostDevice.address(o);
        pool.run(task, q.rows());
    }

    private void query(int row, int worker) {
        int width = heads * headDim;
        long scores = scratch.get(worker, 4L * (positions + width));
        long sum = scores + 4L * positions;
        float scale = (float) (1 / Math.sqrt(headDim));
        for (int h = 0; h < heads; h++) {
            long column = 4L * h * headDim;
            long q = queries + 4L * row * width + column;
            for (int p = 0; p < positions; p++) {
                float score = dot(q, keys + 4L * p * width + column, headDim);
                Lanes.putFloat(scores + 4L * p, score * scale);
            }
            RowKernels.softmaxRow(scores, scores, positions);
            weigh(sum + column, scores, values + column, positions, headDim, 4L * width);
        }
        Convert.round(sum, out + (long) row * width * dtype.bytes(), dtype, width);
    }

    private static float dot(long a, long b, int n) {
        FloatVector s = FloatVector.zero(F);
        int whole = n - n % L;
        for (int i = 0; i < whole; i += L) {
            s =
                    FloatVector.fromMemorySegment(F, ALL, a + 4L * i, ORDER)
                            .fma(FloatVector.fromMemorySegment(F, ALL, b + 4L * i, ORDER), s);
        }
        if (whole < n) {
            VectorMask<Float> rest = F.indexInRange(0, n - whole);
            s =
                    FloatVector.fromMemorySegment(F, ALL, a + 4L * whole, ORDER, rest)
                            .fma(
                                    FloatVector.fromMemorySegment(
                                            F, ALL, b + 4L * whole, ORDER, rest),
                                    s);
        }
        return Lanes.sum(s);
    }

    /** {@code out = sum over positions of weight * value}. */
    private static void weigh(
            long out, long weights, long values, int positions, int n, long stride) {
        for (int i = 0; i < n; i += L) {
            VectorMask<Float> live = F.indexInRange(i, n);
            FloatVector s = FloatVector.zero(F);
            for (int p = 0; p < positions; p++) {
                s =
                        FloatVector.fromMemorySegment(
                                        F, ALL, values + p * stride + 4L * i, ORDER, live)
                                .fma(FloatVector.broadcast(F, Lanes.getFloat(weights + 4L * p)), s);
            }
            s.intoMemorySegment(ALL, out + 4L * i, ORDER, live);
        }
    }

    @Override
    public void close() {
        wide.close();
        scratch.close();
    }
}
