package io.sparktts.vector;

import static io.sparktts.vector.Lanes.ALL;
import static io.sparktts.vector.Lanes.F;
import static io.sparktts.vector.Lanes.L;
import static io.sparktts.vector.Lanes.ORDER;

import io.sparktts.backend.Conv1d;
import io.sparktts.backend.DType;
import io.sparktts.backend.Tensor;
import io.sparktts.backend.Window;
import io.sparktts.host.HostDevice;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

import java.lang.foreign.MemorySegment;

/** What moves frames and columns about, and the sums over frames of one channel each. */
final class FrameKernels implements AutoCloseable {
    private static final int CHUNK = 16_384;

    private final WorkerPool pool;
    private final WorkerScratch wide;
    private final WorkerScratch sums;
    private final WorkerPool.Task depthwiseTask = this::depthwiseChunk;

    // The present depthwise convolution.
    private long frames;
    private int frameCount;
    private long weights;
    private long bias;
    private Window window = new Window(1, 1, 1, 0);
    private long outAddress;
    private DType outDtype = DType.F32;
    private int rows;
    private int channels;
    private int rowsPerChunk;

    FrameKernels(WorkerPool pool) {
        this.pool = pool;
        this.wide = new WorkerScratch(pool);
        this.sums = new WorkerScratch(pool);
    }

    void depthwiseConv1d(Tensor o, Tensor x, Tensor weight, Tensor b, Conv1d shape) {
        channels = x.columns();
        if (weight.elements() != (long) shape.kernel() * channels
                || b.elements() != channels
                || o.columns() != channels
                || o.rows() != shape.frames(x.rows())) {
            throw new IllegalArgumentException("depthwise: " + o + " of " + x + " by " + weight);
        }
        long base = wide.get(0, 4 * (x.elements() + weight.elements() + channels));
        frames = base;
        weights = base + 4 * x.elements();
        bias = weights + 4 * weight.elements();
        Convert.widen(HostDevice.address(x), x.dtype(), frames, (int) x.elements());
        Convert.widen(HostDevice.address(weight), x.dtype(), weights, (int) weight.elements());
        Convert.widen(HostDevice.address(b), x.dtype(), bias, channels);
        frameCount = x.rows();
        window = shape.window();
        outAddress = HostDevice.address(o);
        outDtype = o.dtype();
        rows = o.rows();
        rowsPerChunk = Math.max(1, CHUNK / channels);
        pool.run(depthwiseTask, (o.rows() + rowsPerChunk - 1) / rowsPerChunk);
    }

    private void depthwiseChunk(int chunk, int worker) {
        long sum = sums.get(worker, 4L * channels);
        int end = Math.min(rows, (chunk + 1) * rowsPerChunk);
        for (int t = chunk * rowsPerChunk; t < end; t++) {
            MemorySegment.copy(ALL, bias, ALL, sum, 4L * channels);
            for (int j = 0; j < window.taps(); j++) {
                int f = window.frame(t, j);
                if (f >= 0 && f < frameCount) {
                    long at = 4L * channels;
                    addProduct(sum, frames + f * at, weights + j * at, channels);
                }
            }
            long o = outAddress + (long) t * channels * outDtype.bytes();
            Convert.round(sum, o, outDtype, channels);
        }
    }

    private static void addProduct(long sum, long x, long w, int n) {
        int whole = n - n % L;
        for (int i = 0; i < whole; i += L) {
            FloatVector.fromMemorySegment(F, ALL, x + 4L * i, ORDER)
                    .fma(
                            FloatVector.fromMemorySegment(F, ALL, w + 4L * i, ORDER),
                            FloatVector.fromMemorySegment(F, ALL, sum + 4L * i, ORDER))
                    .intoMemorySegment(ALL, sum + 4L * i, ORDER);
        }
        VectorMask<Float> rest = F.indexInRange(0, n % L);
        FloatVector.fromMemorySegment(F, ALL, x + 4L * whole, ORDER, rest)
                .fma(
                        FloatVector.fromMemorySegment(F, ALL, w + 4L * whole, ORDER, rest),
                        FloatVector.fromMemorySegment(F, ALL, sum + 4L * whole, ORDER, rest))
                .intoMemorySegment(ALL, sum + 4L * whole, ORDER, rest);
    }

    /** Mean over the rows, added up in their order. */
    void columnMean(Tensor o, Tensor x) {
        int n = x.columns();
        long row = wide.get(0, 8L * n);
        long ones = row + 4L * n;
        long sum = sums.get(0, 4L * n);
        float share = 1f / x.rows();
        for (int i = 0; i < n; i++) {
            Lanes.putFloat(sum + 4L * i, 0);
            Lanes.putFloat(ones + 4L * i, share);
        }
        for (int r = 0; r < x.rows(); r++) {
            Convert.widen(
                    HostDevice.address(x) + (long) r * n * x.dtype().bytes(), x.dtype(), row, n);
            addProduct(sum, row, ones, n);
        }
        Convert.round(sum, HostDevice.address(o), o.dtype(), n);
    }

    static void copyColumns(Tensor o, int outColumn, Tensor x, int xColumn, int columns) {
        if (o.rows() != x.rows()
                || outColumn + columns > o.columns()
                || xColumn + columns > x.columns()) {
            throw new IllegalArgumentException(
                    columns
                            + " columns from "
                            + xColumn
                            + " of "
                            + x
                            + " to "
                            + outColumn
                            + " of "
                            + o);
        }
        int bytes = x.dtype().bytes();
        long from = HostDevice.address(x) + (long) xColumn * bytes;
        long to = HostDevice.address(o) + (long) outColumn * bytes;
        for (int r = 0; r < x.rows(); r++) {
            MemorySegment.copy(
                    ALL,
                    from + (long) r * x.columns() * bytes,
                    ALL,
                    to + (long) r * o.columns() * bytes,
                    (long) columns * bytes);
        }
    }

    static void unfold(Tensor o, Tensor x, Window seen, int firstChannel) {
        int bytes = x.dtype().bytes();
        long n = (long) o.columns() / seen.taps() * bytes;
        long to = HostDevice.address(o);
        for (int t = 0; t < o.rows(); t++) {
            for (int j = 0; j < seen.taps(); j++, to += n) {
                int f = seen.frame(t, j);
                if (f >= 0 && f < x.rows()) {
                    long from = (long) f * x.columns() + firstChannel;
                    MemorySegment.copy(ALL, HostDevice.address(x) + from * bytes, ALL, to, n);
                } else {
                    ALL.asSlice(to, n).fill((byte) 0);
                }
            }
        }
    }

    @Override
    public void close() {
        wide.close();
        sums.close();
    }
}
