package io.sparktts.vector;

import static io.sparktts.vector.Lanes.ALL;
import static io.sparktts.vector.Lanes.F;
import static io.sparktts.vector.Lanes.L;
import static io.sparktts.vector.Lanes.ORDER;

import io.sparktts.backend.DType;
import io.sparktts.backend.Tensor;
import io.sparktts.host.HostDevice;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Kernels that treat each row by itself, in one pass over memory: what a second pass needs is in
 * cache by then. 16-bit rows are widened into the worker's scratch, F32 rows are used where they
 * lie.
 */
final class RowKernels implements AutoCloseable {
    private enum Kind {
        RMS_NORM,
        ADD_RMS_NORM,
        SILU_MUL,
        SOFTMAX,
        ADD
    }

    /** Below this many elements a second core costs more than it gives. */
    private static final long SERIAL = 16_384;

    /** Wide rows of element-wise operations are cut in blocks of this many elements. */
    private static final int BLOCK = 4_096;

    private final WorkerPool pool;
    private final WorkerScratch scratch;
    private final WorkerPool.Task task = this::chunk;

    private Kind kind = Kind.ADD;
    private DType dtype = DType.F32;
    private long out;
    private long a;
    private long b;
    private long weight;
    private DType weightDtype = DType.F32;
    private int n;
    private int rows;
    private int rowsPerChunk;
    private float epsilon;

    RowKernels(WorkerPool pool) {
        this.pool = pool;
        this.scratch = new WorkerScratch(pool);
    }

    void rmsNorm(Tensor o, Tensor x, Tensor w, double eps) {
        norm(Kind.RMS_NORM, o, x, x, w, eps);
    }

    void addRmsNorm(Tensor o, Tensor residual, Tensor x, Tensor w, double eps) {
        norm(Kind.ADD_RMS_NORM, o, residual, x, w, eps);
    }

    private void norm(Kind k, Tensor o, Tensor x, Tensor y, Tensor w, double eps) {
        if (w.elements() != x.columns()
                || o.elements() != x.elements()
                || y.elements() != x.elements()) {
            throw new IllegalArgumentException("rmsNorm: " + o + " of " + x + " with weight " + w);
        }
        weight = HostDevice.address(w);
        weightDtype = w.dtype();
        epsilon = (float) eps;
        run(k, o, x, y, x.rows(), x.columns());
    }

    void siluMul(Tensor o, Tensor gateUp) {
        if (gateUp.columns() != 2 * o.columns() || gateUp.rows() != o.rows()) {
            throw new IllegalArgumentException("siluMul: " + o + " of " + gateUp);
        }
        run(Kind.SILU_MUL, o, gateUp, gateUp, o.rows(), o.columns());
    }

    void softmax(Tensor o, Tensor x) {
        run(Kind.SOFTMAX, o, x, x, x.rows(), x.columns());
    }

    void add(Tensor o, Tensor x, Tensor y) {
        if (x.elements() != y.elements() || o.elements() != x.elements()) {
            throw new IllegalArgumentException("add: " + o + " = " + x + " + " + y);
        }
        long elements = x.elements();
        int block = (int) Math.min(BLOCK, Math.max(1, elements));
        int whole = Math.toIntExact(elements / block);
        run(Kind.ADD, o, x, y, whole, block);
        int rest = (int) (elements - (long) whole * block);
        if (rest > 0) {
            long skip = (long) whole * block * dtype.bytes();
            out = HostDevice.address(o) + skip;
            a = HostDevice.address(x) + skip;
            b = HostDevice.address(y) + skip;
            n = rest;
            rows = 1;
            pool.run(task, 1);
        }
    }

    private void run(Kind k, Tensor o, Tensor x, Tensor y, int rowCount, int columns) {
        if (o.dtype() != x.dtype() || y.dtype() != x.dtype()) {
            throw new IllegalArgumentException("dtypes differ: " + o + ", " + x + ", " + y);
        }
        kind = k;
        dtype = x.dtype();
        out = HostDevice.address(o);
        a = HostDevice.address(x);
        b = HostDevice.address(y);
        n = columns;
        rows = rowCount;
        long elements = (long) rowCount * columns;
        int chunks =
                elements < SERIAL
                        ? 1
                        : (int) Math.min(rowCount, Math.max(pool.workers(), elements / 65_536));
        rowsPerChunk = Math.max(1, (rowCount + chunks - 1) / Math.max(1, chunks));
        pool.run(task, (rowCount + rowsPerChunk - 1) / rowsPerChunk);
    }

    private void chunk(int chunk, int worker) {
        int end = Math.min(rows, (chunk + 1) * rowsPerChunk);
        boolean f32 = dtype == DType.F32;
        long rowBytes = (long) n * dtype.bytes();
        // Three rows of floats: both inputs and the weight.
        long bytes = 4L * n;
        long wide = f32 && weightDtype == DType.F32 ? 0 : scratch.get(worker, 3 * bytes + 3 * 64);
        long w = weight;
        if ((kind == Kind.RMS_NORM || kind == Kind.ADD_RMS_NORM) && weightDtype != DType.F32) {
            w = wide + 2 * bytes;
            Convert.widen(weight, weightDtype, w, n);
        }
        long inputStride = kind == Kind.SILU_MUL ? 2 * rowBytes : rowBytes;
        for (int r = chunk * rowsPerChunk; r < end; r++) {
            long o = out + r * rowBytes;
            long x = a + r * inputStride;
            long y = kind == Kind.SILU_MUL ? x + rowBytes : b + r * inputStride;
            if (f32) {
                row(o, x, y, w, x);
            } else {
                Convert.widen(x, dtype, wide, n);
                if (kind == Kind.ADD_RMS_NORM || kind == Kind.SILU_MUL || kind == Kind.ADD) {
                    Convert.widen(y, dtype, wide + bytes, n);
                }
                row(wide, wide, wide + bytes, w, x);
                Convert.round(wide, o, dtype, n);
            }
        }
    }

    /**
     * One row in float32; {@code residual} is where the sum of {@code ADD_RMS_NORM} goes, in the
     * storage dtype.
     */
    private void row(long o, long x, long y, long w, long residual) {
        switch (kind) {
            case RMS_NORM -> scale(o, x, w, n, epsilon);
            case ADD_RMS_NORM -> {
                sum(x, x, y, n);
                if (dtype != DType.F32) {
                    Convert.round(x, residual, dtype, n);
                }
                scale(o, x, w, n, epsilon);
            }
            case SILU_MUL -> silu(o, x, y, n);
            case SOFTMAX -> softmaxRow(o, x, n);
            case ADD -> sum(o, x, y, n);
        }
    }

    private static void scale(long o, long x, long w, int n, float epsilon) {
        FloatVector s0 = FloatVector.zero(F);
        FloatVector s1 = FloatVector.zero(F);
        int i = 0;
        for (; i <= n - 2 * L; i += 2 * L) {
            FloatVector v0 = FloatVector.fromMemorySegment(F, ALL, x + 4L * i, ORDER);
            FloatVector v1 = FloatVector.fromMemorySegment(F, ALL, x + 4L * (i + L), ORDER);
            s0 = v0.fma(v0, s0);
            s1 = v1.fma(v1, s1);
        }
        float total = Lanes.sum(s0.add(s1));
        for (; i < n; i++) {
            float v = Lanes.getFloat(x + 4L * i);
            total += v * v;
        }
        float factor = (float) (1 / Math.sqrt((double) total / n + epsilon));
        i = 0;
        for (; i <= n - L; i += L) {
            FloatVector v = FloatVector.fromMemorySegment(F, ALL, x + 4L * i, ORDER);
            FloatVector g = FloatVector.fromMemorySegment(F, ALL, w + 4L * i, ORDER);
            v.mul(factor).mul(g).intoMemorySegment(ALL, o + 4L * i, ORDER);
        }
        for (; i < n; i++) {
            Lanes.putFloat(
                    o + 4L * i, Lanes.getFloat(x + 4L * i) * factor * Lanes.getFloat(w + 4L * i));
        }
    }

    private static void sum(long o, long x, long y, int n) {
        int i = 0;
        for (; i <= n - L; i += L) {
            FloatVector.fromMemorySegment(F, ALL, x + 4L * i, ORDER)
                    .add(FloatVector.fromMemorySegment(F, ALL, y + 4L * i, ORDER))
                    .intoMemorySegment(ALL, o + 4L * i, ORDER);
        }
        for (; i < n; i++) {
            Lanes.putFloat(o + 4L * i, Lanes.getFloat(x + 4L * i) + Lanes.getFloat(y + 4L * i));
        }
    }

    private static void silu(long o, long gate, long up, int n) {
        int i = 0;
        for (; i <= n - L; i += L) {
            FloatVector g = FloatVector.fromMemorySegment(F, ALL, gate + 4L * i, ORDER);
            FloatVector u = FloatVector.fromMemorySegment(F, ALL, up + 4L * i, ORDER);
            g.div(Exp.exp(g.neg()).add(1f)).mul(u).intoMemorySegment(ALL, o + 4L * i, ORDER);
        }
        for (; i < n; i++) {
            float g = Lanes.getFloat(gate + 4L * i);
            Lanes.putFloat(
                    o + 4L * i, (float) (g / (1 + Math.exp(-g))) * Lanes.getFloat(up + 4L * i));
        }
    }

    /** The largest of {@code n} floats at {@code x}. */
    static float max(long x, int n) {
        FloatVector m = FloatVector.broadcast(F, Float.NEGATIVE_INFINITY);
        int i = 0;
        for (; i <= n - L; i += L) {
            m = m.max(FloatVector.fromMemorySegment(F, ALL, x + 4L * i, ORDER));
        }
        float max = m.reduceLanes(VectorOperators.MAX);
        for (; i < n; i++) {
            max = Math.max(max, Lanes.getFloat(x + 4L * i));
        }
        return max;
    }

    /** Softmax of {@code n} floats at {@code x}; {@code o} may be {@code x}. */
    static void softmaxRow(long o, long x, int n) {
        float max = max(x, n);
        FloatVector s = FloatVector.zero(F);
        int i = 0;
        for (; i <= n - L; i += L) {
            FloatVector e =
                    Exp.exp(FloatVector.fromMemorySegment(F, ALL, x + 4L * i, ORDER).sub(max));
            s = s.add(e);
            e.intoMemorySegment(ALL, o + 4L * i, ORDER);
        }
        float total = Lanes.sum(s);
        for (; i < n; i++) {
            float e = (float) Math.exp(Lanes.getFloat(x + 4L * i) - max);
            total += e;
            Lanes.putFloat(o + 4L * i, e);
        }
        float inverse = 1 / total;
        i = 0;
        for (; i <= n - L; i += L) {
            FloatVector.fromMemorySegment(F, ALL, o + 4L * i, ORDER)
                    .mul(inverse)
                    .intoMemorySegment(ALL, o + 4L * i, ORDER);
        }
        for (; i < n; i++) {
            Lanes.putFloat(o + 4L * i, Lanes.getFloat(o + 4L * i) * inverse);
        }
    }

    @Override
    public void close() {
        scratch.close();
    }
}
