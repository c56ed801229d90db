package io.sparktts.vector;

import static io.sparktts.vector.Lanes.ALL;
import static io.sparktts.vector.Lanes.F;
import static io.sparktts.vector.Lanes.FLOAT;
import static io.sparktts.vector.Lanes.L;
import static io.sparktts.vector.Lanes.PANEL;
import static io.sparktts.vector.Lanes.TILE;

import io.sparktts.backend.Conv1d;
import io.sparktts.backend.ConvTranspose1d;
import io.sparktts.backend.DType;
import io.sparktts.backend.Tensor;
import io.sparktts.backend.Window;
import io.sparktts.host.HostDevice;

import jdk.incubator.vector.FloatVector;

import org.jspecify.annotations.Nullable;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * Convolutions over time as matrix products whose rows overlap in memory: frames are widened once
 * into an array with zeros at both ends, on the way through the snake where there is one, and the
 * product reads the frames of a row where they lie. Chunks are blocks of rows times a panel of
 * output channels.
 */
final class ConvKernel implements AutoCloseable {
    /** Columns per pass: the widened panel and a tile's rows fit the first-level cache. */
    private static final int DEPTH = 256;

    /** Rows of a chunk: its result stays in the second-level cache. */
    private static final int ROWS = 256;

    private final WorkerPool pool;
    private final WorkerScratch scratch;
    private final WorkerArrays wide;
    private final WorkerArrays results;
    private final WorkerPool.Task frameTask = this::widenFrames;
    private final WorkerPool.Task productTask = this::product;

    /** {@code [before + frames + after][channels]}. */
    private float[] frames = new float[0];

    private float[] biases = new float[0];

    // The present call, set before its chunks start.
    private @Nullable PanelWeight weight;
    private long xAddress;
    private DType xDtype = DType.F32;
    private int xFrames;
    private int channels;
    private long alpha;
    private int before;
    private int framesPerChunk;
    private Window window = new Window(1, 1, 1, 0);
    private int runs;
    private int runLength;
    private int rows;
    private int columns;
    private long cut;
    private long outElements;
    private long outAddress;
    private DType outDtype = DType.F32;
    private long residual;
    private DType residualDtype = DType.F32;
    private boolean biased;

    ConvKernel(WorkerPool pool) {
        this.pool = pool;
        this.scratch = new WorkerScratch(pool);
        this.wide = new WorkerArrays(pool);
        this.results = new WorkerArrays(pool);
    }

    /**
     * {@code out = conv(x) + bias}, of the snake of {@code x} if {@code snake} is given, and plus
     * {@code added} if that is.
     */
    void conv1d(
            Tensor out,
            Tensor x,
            @Nullable Tensor snake,
            PanelWeight w,
            @Nullable Tensor bias,
            Conv1d shape,
            @Nullable Tensor added) {
        if (out.rows() != shape.frames(x.rows()) || out.columns() != w.outFeatures()) {
            throw mismatch(out, x, w);
        }
        cut = 0;
        run(out, x, snake, w, bias, shape.window(), out.rows(), added);
    }

    /** The transposed convolution; what lies before the first and after the last frame is cut. */
    void convTranspose1d(
            Tensor out, Tensor x, PanelWeight w, @Nullable Tensor bias, ConvTranspose1d shape) {
        if (out.rows() != shape.frames(x.rows())
                || (long) out.columns() * shape.stride() != w.outFeatures()) {
            throw mismatch(out, x, w);
        }
        cut = (long) shape.padding() * out.columns();
        run(out, x, null, w, bias, shape.window(), shape.rows(x.rows()), null);
    }

    private static IllegalArgumentException mismatch(Tensor out, Tensor x, PanelWeight w) {
        return new IllegalArgumentException(
                "convolution: "
                        + out
                        + " of "
                        + x
                        + " with weight ["
                        + w.outFeatures()
                        + ", "
                        + w.inFeatures()
                        + "]");
    }

    private void run(
            Tensor out,
            Tensor x,
            @Nullable Tensor snake,
            PanelWeight w,
            @Nullable Tensor bias,
            Window seen,
            int rowCount,
            @Nullable Tensor added) {
        channels = x.columns();
        if (w.inFeatures() != seen.taps() * channels
                || (added != null && added.elements() != out.elements())) {
            throw mismatch(out, x, w);
        }
        weight = w;
        window = seen;
        xAddress = HostDevice.address(x);
        xDtype = x.dtype();
        xFrames = x.rows();
        rows = rowCount;
        columns = w.outFeatures();
        outAddress = HostDevice.address(out);
        outDtype = out.dtype();
        outElements = out.elements();
        residual = added == null ? 0 : HostDevice.address(added);
        residualDtype = added == null ? DType.F32 : added.dtype();
        // Adjacent taps are one run of columns.
        runs = seen.dilation() == 1 ? 1 : seen.taps();
        runLength = seen.taps() * channels / runs;
        bring(snake);
        biased = bias != null;
        if (bias != null) {
            long floats = scratch.get(0, 4L * columns);
            int padded = Lanes.roundUp(columns, PANEL);
            biases = grown(biases, padded);
            Convert.widen(HostDevice.address(bias), bias.dtype(), floats, columns);
            MemorySegment.copy(ALL, FLOAT, floats, biases, 0, columns);
            Arrays.fill(biases, columns, padded, 0);
        }
        int blocks = (rows + ROWS - 1) / ROWS;
        pool.run(productTask, blocks * w.panels());
    }

    private static float[] grown(float[] array, int length) {
        return array.length < length ? new float[length] : array;
    }

    /** Widens all frames and puts zeros around them. */
    private void bring(@Nullable Tensor snake) {
        before = Math.max(0, -window.start());
        int last = window.frame(Lanes.roundUp(rows, TILE) - 1, window.taps() - 1);
        int after = Math.max(0, last + 1 - xFrames);
        int end = (before + xFrames) * channels;
        frames = grown(frames, end + after * channels);
        Arrays.fill(frames, 0, before * channels, 0);
        Arrays.fill(frames, end, end + after * channels, 0);
        alpha = 0;
        if (snake != null) {
            alpha = HostDevice.address(snake);
            if (snake.dtype() != DType.F32) {
                alpha = scratch.get(0, 8L * channels) + 4L * channels;
                Convert.widen(HostDevice.address(snake), snake.dtype(), alpha, channels);
            }
        }
        framesPerChunk = Math.max(1, 16_384 / channels);
        pool.run(frameTask, (xFrames + framesPerChunk - 1) / framesPerChunk);
    }

    private void widenFrames(int chunk, int worker) {
        int end = Math.min(xFrames, (chunk + 1) * framesPerChunk);
        // The first worker's scratch ends with the snake's factors.
        long row = scratch.get(worker, 8L * channels);
        for (int f = chunk * framesPerChunk; f < end; f++) {
            long x = xAddress + (long) f * channels * xDtype.bytes();
            if (alpha == 0 && xDtype == DType.F32) {
                MemorySegment.copy(ALL, FLOAT, x, frames, (before + f) * channels, channels);
                continue;
            }
            if (xDtype != DType.F32) {
                Convert.widen(x, xDtype, row, channels);
                x = row;
            }
            if (alpha != 0) {
                CodecRows.snakeRow(row, x, alpha, 0, channels);
            }
            MemorySegment.copy(ALL, FLOAT, row, frames, (before + f) * channels, channels);
        }
    }

    private void product(int chunk, int worker) {
        PanelWeight w = weight;
        if (w == null) {
            throw new IllegalStateException("no call is under way");
        }
        int panel = chunk % w.panels();
        int first = chunk / w.panels() * ROWS;
        int count = Math.min(ROWS, rows - first);
        int tiles = (count + TILE - 1) / TILE;
        float[] floats = wide.get(worker, DEPTH * PANEL);
        float[] result = results.get(worker, PANEL * TILE * tiles);
        Arrays.fill(result, 0, PANEL * TILE * tiles, 0);
        int rowStride = window.stride() * channels;
        long column = 0;
        for (int run = 0; run < runs; run++) {
            int start = (before + window.frame(first, run)) * channels;
            for (int from = 0; from < runLength; from += DEPTH) {
                int depth = Math.min(DEPTH, runLength - from);
                long at = w.offset(panel) + column * PANEL * w.dtype().bytes();
                Widen.panel(w.dtype(), w.memory(), at, depth, floats);
                column += depth;
                for (int t = 0; t < tiles; t++) {
                    MicroKernel.multiplyAddRows(
                            frames,
                            start + from + t * TILE * rowStride,
                            rowStride,
                            floats,
                            0,
                            depth,
                            result,
                            PANEL * TILE * t);
                }
            }
        }
        finish(panel * PANEL, w.live(panel), first, count, result, worker);
    }

    /** Bias, residual and rounding, of what the output has of these rows and columns. */
    private void finish(int column, int live, int first, int count, float[] result, int worker) {
        if (biased) {
            FloatVector b0 = FloatVector.fromArray(F, biases, column);
            FloatVector b1 = FloatVector.fromArray(F, biases, column + L);
            for (int at = 0; at < count * PANEL; at += PANEL) {
                FloatVector.fromArray(F, result, at).add(b0).intoArray(result, at);
                FloatVector.fromArray(F, result, at + L).add(b1).intoArray(result, at + L);
            }
        }
        long floats = scratch.get(worker, 8L * Math.max(PANEL, channels));
        long other = floats + 4L * PANEL;
        for (int r = 0; r < count; r++) {
            long element = (long) (first + r) * columns + column - cut;
            int skip = (int) Math.min(live, Math.max(0, -element));
            int n = (int) Math.min(live, Math.max(0, outElements - element)) - skip;
            if (n <= 0) {
                continue;
            }
            element += skip;
            int at = r * PANEL + skip;
            if (residual != 0) {
                long from = residual + element * residualDtype.bytes();
                Convert.widen(from, residualDtype, other, n);
                for (int i = 0; i < n; i++) {
                    result[at + i] += Lanes.getFloat(other + 4L * i);
                }
            }
            MemorySegment.copy(result, at, ALL, FLOAT, floats, n);
            Convert.round(floats, outAddress + element * outDtype.bytes(), outDtype, n);
        }
    }

    @Override
    public void close() {
        scratch.close();
    }
}
