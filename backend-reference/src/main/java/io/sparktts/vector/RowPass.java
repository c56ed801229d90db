package io.sparktts.vector;

import io.sparktts.backend.DType;
import io.sparktts.backend.Tensor;
import io.sparktts.host.HostDevice;

import org.jspecify.annotations.Nullable;

/**
 * Maps rows to rows in float32: 16-bit rows are widened into the worker's scratch and rounded once,
 * F32 rows are used where they lie. Parameter rows are the same for all.
 */
final class RowPass implements AutoCloseable {
    /** One row; all addresses are of floats. */
    interface Row {
        /**
         * Computes it.
         *
         * @param o {@code n} floats: out, may be {@code x}
         * @param x the input row
         * @param p first parameter row, or 0
         * @param q second parameter row, or 0
         */
        void apply(long o, long x, long p, long q, int n);
    }

    /** Below this many elements a second core costs more than it gives. */
    private static final long SERIAL = 16_384;

    private static final int CHUNK = 32_768;

    private final WorkerPool pool;
    private final WorkerScratch scratch;
    private final WorkerScratch parameters;
    private final WorkerPool.Task task = this::chunk;

    private @Nullable Row row;
    private DType dtype = DType.F32;
    private long out;
    private long in;
    private long p;
    private long q;
    private int n;
    private int width;
    private int rows;
    private int rowsPerChunk;

    RowPass(WorkerPool pool) {
        this.pool = pool;
        this.scratch = new WorkerScratch(pool);
        this.parameters = new WorkerScratch(pool);
    }

    /** Row {@code r} of {@code o} from row {@code r} of {@code x}, whose widths may differ. */
    void run(Row function, Tensor o, Tensor x, @Nullable Tensor first, @Nullable Tensor second) {
        if (o.dtype() != x.dtype() || o.rows() != x.rows()) {
            throw new IllegalArgumentException("row by row: " + o + " of " + x);
        }
        row = function;
        dtype = x.dtype();
        out = HostDevice.address(o);
        in = HostDevice.address(x);
        n = o.columns();
        width = x.columns();
        rows = x.rows();
        long floats = parameters.get(0, 8L * n);
        p = parameter(first, floats);
        q = parameter(second, floats + 4L * n);
        long elements = (long) rows * width;
        rowsPerChunk =
                elements < SERIAL
                        ? Math.max(1, rows)
                        : Math.max(1, Math.min(rows / pool.workers(), CHUNK / width));
        pool.run(task, (rows + rowsPerChunk - 1) / rowsPerChunk);
    }

    private long parameter(@Nullable Tensor t, long floats) {
        if (t == null) {
            return 0;
        }
        if (t.elements() != n) {
            throw new IllegalArgumentException(t + " is no parameter of rows of " + n);
        }
        if (t.dtype() == DType.F32) {
            return HostDevice.address(t);
        }
        Convert.widen(HostDevice.address(t), t.dtype(), floats, n);
        return floats;
    }

    private void chunk(int chunk, int worker) {
        Row function = row;
        if (function == null) {
            throw new IllegalStateException("no call is under way");
        }
        int end = Math.min(rows, (chunk + 1) * rowsPerChunk);
        boolean f32 = dtype == DType.F32;
        long wide = f32 ? 0 : scratch.get(worker, 4L * width);
        for (int r = chunk * rowsPerChunk; r < end; r++) {
            long o = out + (long) r * n * dtype.bytes();
            long x = in + (long) r * width * dtype.bytes();
            if (f32) {
                function.apply(o, x, p, q, n);
            } else {
                Convert.widen(x, dtype, wide, width);
                function.apply(wide, wide, p, q, n);
                Convert.round(wide, o, dtype, n);
            }
        }
    }

    @Override
    public void close() {
        scratch.close();
        parameters.close();
    }
}
