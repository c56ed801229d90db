package io.sparktts.vector;

import static io.sparktts.vector.Lanes.ALL;
import static io.sparktts.vector.Lanes.F;
import static io.sparktts.vector.Lanes.L;
import static io.sparktts.vector.Lanes.ORDER;

import io.sparktts.backend.DType;
import io.sparktts.backend.Tensor;
import io.sparktts.host.HostDevice;

import jdk.incubator.vector.FloatVector;

import java.lang.foreign.MemorySegment;

/**
 * Elementary steps, each a pass of its own over memory with its result rounded to the output's
 * dtype: what the {@code naive} variants are made of, as PyTorch eager runs one kernel per step.
 */
final class Elementwise implements AutoCloseable {
    /**
     * {@code out = f(a, b)} per element; {@code b} is a tensor, one value per row, or one row for
     * all.
     */
    enum Step {
        COPY,
        SQUARE,
        SILU,
        EXP,
        MUL,
        MUL_ROW_SCALAR,
        MUL_BY_ROW,
        SUB_ROW_SCALAR,
        DIV_ROW_SCALAR,
        SCALE
    }

    /** One number per row. */
    enum Reduction {
        SUM,
        MAX,
        /** Reciprocal square root of the mean plus epsilon. */
        RSQRT_MEAN
    }

    private static final long CHUNK = 32_768;

    private final WorkerPool pool;
    private final WorkerScratch scratch;
    private final WorkerPool.Task stepTask = this::stepChunk;
    private final WorkerPool.Task reduceTask = this::reduceChunk;

    private Step step = Step.COPY;
    private Reduction reduction = Reduction.SUM;
    private float scalar;
    private long a;
    private DType aDtype = DType.F32;
    private long b;
    private DType bDtype = DType.F32;
    private long out;
    private DType outDtype = DType.F32;
    private int rows;
    private int n;
    private int rowsPerChunk;

    Elementwise(WorkerPool pool) {
        this.pool = pool;
        this.scratch = new WorkerScratch(pool);
    }

    /**
     * {@code out = step(x, y)}; for {@code MUL_BY_ROW}, {@code y} is one row; for row scalars it is
     * F32 {@code [rows]}.
     */
    void apply(Step s, Tensor o, Tensor x, Tensor y, float factor) {
        step = s;
        scalar = factor;
        a = HostDevice.address(x);
        aDtype = x.dtype();
        b = HostDevice.address(y);
        bDtype = y.dtype();
        out = HostDevice.address(o);
        outDtype = o.dtype();
        split(x);
        pool.run(stepTask, (rows + rowsPerChunk - 1) / rowsPerChunk);
    }

    /** {@code out[row] = reduction(x[row])}, F32. */
    void reduce(Reduction r, Tensor o, Tensor x, float epsilon) {
        reduction = r;
        scalar = epsilon;
        a = HostDevice.address(x);
        aDtype = x.dtype();
        out = HostDevice.address(o);
        split(x);
        pool.run(reduceTask, (rows + rowsPerChunk - 1) / rowsPerChunk);
    }

    /**
     * Cuts rows of {@code [a, b]} in two tensors: eager code has them apart from the start, and
     * pays no pass for it.
     */
    void split(Tensor left, Tensor right, Tensor both) {
        long bytes = (long) left.columns() * left.dtype().bytes();
        for (int r = 0; r < left.rows(); r++) {
            long from = HostDevice.address(both) + 2L * r * bytes;
            MemorySegment.copy(ALL, from, ALL, HostDevice.address(left) + r * bytes, bytes);
            MemorySegment.copy(
                    ALL, from + bytes, ALL, HostDevice.address(right) + r * bytes, bytes);
        }
    }

    private void split(Tensor x) {
        rows = x.rows();
        n = x.columns();
        rowsPerChunk = (int) Math.max(1, CHUNK / Math.max(1, n));
    }

    private void stepChunk(int chunk, int worker) {
        long bytes = 4L * n;
        long wide = scratch.get(worker, 3 * bytes);
        int end = Math.min(rows, (chunk + 1) * rowsPerChunk);
        for (int r = chunk * rowsPerChunk; r < end; r++) {
            long x = a + (long) r * n * aDtype.bytes();
            if (aDtype != DType.F32) {
                Convert.widen(x, aDtype, wide, n);
                x = wide;
            }
            long y = x;
            float value = scalar;
            switch (step) {
                case MUL -> y = row(b + (long) r * n * bDtype.bytes(), wide + bytes);
                case MUL_BY_ROW -> y = row(b, wide + bytes);
                case MUL_ROW_SCALAR -> value = Lanes.getFloat(b + 4L * r);
                case SUB_ROW_SCALAR -> value = -Lanes.getFloat(b + 4L * r);
                case DIV_ROW_SCALAR -> value = 1 / Lanes.getFloat(b + 4L * r);
                default -> {}
            }
            long o = out + (long) r * n * outDtype.bytes();
            long result = outDtype == DType.F32 ? o : wide + 2 * bytes;
            compute(x, y, value, result);
            if (outDtype != DType.F32) {
                Convert.round(result, o, outDtype, n);
            }
        }
    }

    private long row(long source, long wide) {
        if (bDtype == DType.F32) {
            return source;
        }
        Convert.widen(source, bDtype, wide, n);
        return wide;
    }

    private void compute(long x, long y, float value, long o) {
        switch (step) {
            case COPY -> scale(x, 1, o, n);
            case MUL_ROW_SCALAR, DIV_ROW_SCALAR, SCALE -> scale(x, value, o, n);
            case SUB_ROW_SCALAR -> addScalar(x, value, o, n);
            case SQUARE, MUL, MUL_BY_ROW -> multiply(x, y, o, n);
            case EXP -> exp(x, o, n);
            case SILU -> silu(x, o, n);
        }
    }

    private static void scale(long x, float value, long o, int n) {
        int i = 0;
        for (; i <= n - L; i += L) {
            FloatVector.fromMemorySegment(F, ALL, x + 4L * i, ORDER)
                    .mul(value)
                    .intoMemorySegment(ALL, o + 4L * i, ORDER);
        }
        for (; i < n; i++) {
            Lanes.putFloat(o + 4L * i, Lanes.getFloat(x + 4L * i) * value);
        }
    }

    private static void addScalar(long x, float value, long o, int n) {
        int i = 0;
        for (; i <= n - L; i += L) {
            FloatVector.fromMemorySegment(F, ALL, x + 4L * i, ORDER)
                    .add(value)
                    .intoMemorySegment(ALL, o + 4L * i, ORDER);
        }
        for (; i < n; i++) {
            Lanes.putFloat(o + 4L * i, Lanes.getFloat(x + 4L * i) + value);
        }
    }

    private static void multiply(long x, long y, long o, int n) {
        int i = 0;
        for (; i <= n - L; i += L) {
            FloatVector.fromMemorySegment(F, ALL, x + 4L * i, ORDER)
                    .mul(FloatVector.fromMemorySegment(F, ALL, y + 4L * i, ORDER))
                    .intoMemorySegment(ALL, o + 4L * i, ORDER);
        }
        for (; i < n; i++) {
            Lanes.putFloat(o + 4L * i, Lanes.getFloat(x + 4L * i) * Lanes.getFloat(y + 4L * i));
        }
    }

    private static void exp(long x, long o, int n) {
        int i = 0;
        for (; i <= n - L; i += L) {
            Exp.exp(FloatVector.fromMemorySegment(F, ALL, x + 4L * i, ORDER))
                    .intoMemorySegment(ALL, o + 4L * i, ORDER);
        }
        for (; i < n; i++) {
            Lanes.putFloat(o + 4L * i, (float) Math.exp(Lanes.getFloat(x + 4L * i)));
        }
    }

    private static void silu(long x, long o, int n) {
        int i = 0;
        for (; i <= n - L; i += L) {
            FloatVector v = FloatVector.fromMemorySegment(F, ALL, x + 4L * i, ORDER);
            v.div(Exp.exp(v.neg()).add(1f)).intoMemorySegment(ALL, o + 4L * i, ORDER);
        }
        for (; i < n; i++) {
            float v = Lanes.getFloat(x + 4L * i);
            Lanes.putFloat(o + 4L * i, (float) (v / (1 + Math.exp(-v))));
        }
    }

    private void reduceChunk(int chunk, int worker) {
        long wide = scratch.get(worker, 4L * n);
        int end = Math.min(rows, (chunk + 1) * rowsPerChunk);
        for (int r = chunk * rowsPerChunk; r < end; r++) {
            long x = a + (long) r * n * aDtype.bytes();
            if (aDtype != DType.F32) {
                Convert.widen(x, aDtype, wide, n);
                x = wide;
            }
            float value =
                    switch (reduction) {
                        case MAX -> RowKernels.max(x, n);
                        case SUM -> sum(x, n);
                        case RSQRT_MEAN -> (float) (1 / Math.sqrt((double) sum(x, n) / n + scalar));
                    };
            Lanes.putFloat(out + 4L * r, value);
        }
    }

    private static float sum(long x, int n) {
        FloatVector s = FloatVector.zero(F);
        int i = 0;
        for (; i <= n - L; i += L) {
            s = s.add(FloatVector.fromMemorySegment(F, ALL, x + 4L * i, ORDER));
        }
        float total = Lanes.sum(s);
        for (; i < n; i++) {
            total += Lanes.getFloat(x + 4L * i);
        }
        return total;
    }

    @Override
    public void close() {
        scratch.close();
    }
}
