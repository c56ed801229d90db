package io.sparktts.vector;

import static io.sparktts.vector.Lanes.ALL;
import static io.sparktts.vector.Lanes.F;
import static io.sparktts.vector.Lanes.FLOAT;
import static io.sparktts.vector.Lanes.L;
import static io.sparktts.vector.Lanes.PANEL;
import static io.sparktts.vector.Lanes.TILE;

import io.sparktts.backend.DType;
import io.sparktts.backend.Tensor;
import io.sparktts.host.HostDevice;

import jdk.incubator.vector.FloatVector;

import org.jspecify.annotations.Nullable;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * Matrix products with packed weights, and the gate-up-SiLU product on top of them.
 *
 * <p>One row (decode): each chunk is a run of panels, widened in registers and read once from
 * memory. More rows (prefill): the input is packed once in tiles; each panel is widened, {@link
 * #DEPTH} input features at a time, into the core's cache and meets all tiles there. The result of
 * a panel stays in cache until bias, activation and rounding are done.
 */
final class LinearKernel implements AutoCloseable {
    /**
     * Input features per pass: the widened panel and a tile of the input fit the first-level cache.
     */
    private static final int DEPTH = 256;

    /** Input rows per pass, which bounds the packed input and each worker's result. */
    private static final int ROWS = 512;

    private final WorkerPool pool;
    private final WorkerScratch scratch;
    private final WorkerArrays wide;
    private final WorkerArrays results;

    /** The input in float32: one row as it is, or tiles {@code [k][TILE]}. */
    private float[] packed = new float[0];

    private final WorkerPool.Task packTask = this::packTile;
    private final WorkerPool.Task matVecTask = this::matVecChunk;
    private final WorkerPool.Task gemmTask = this::gemmPanels;

    // The present call, set before its chunks start.
    private long xAddress;
    private DType xDtype = DType.F32;
    private long outAddress;
    private DType outDtype = DType.F32;
    private int outColumns;
    private long biasAddress;
    private DType biasDtype = DType.F32;
    private @Nullable PanelWeight weight;
    private boolean swiGlu;
    private @Nullable Tensor upOut;
    private long upAddress;
    private int rows;
    private int panelsPerChunk;

    LinearKernel(WorkerPool pool) {
        this.pool = pool;
        this.scratch = new WorkerScratch(pool);
        this.wide = new WorkerArrays(pool);
        this.results = new WorkerArrays(pool);
    }

    /** {@code out = x W^T + bias}. */
    void linear(Tensor out, Tensor x, PanelWeight w, @Nullable Tensor bias) {
        biasAddress = bias == null ? 0 : HostDevice.address(bias);
        biasDtype = bias == null ? DType.F32 : bias.dtype();
        run(out, x, w, false);
    }

    /** {@code out = silu(gate(x)) * up(x)}, rounded once. */
    void swiGlu(Tensor out, Tensor x, PanelWeight gateUp) {
        biasAddress = 0;
        run(out, x, gateUp, true);
    }

    /** Gate and up projections to tensors of their own, unfused. */
    void gateAndUp(Tensor gate, Tensor up, Tensor x, PanelWeight gateUp) {
        biasAddress = 0;
        upOut = up;
        run(gate, x, gateUp, false);
        upOut = null;
    }

    private void run(Tensor out, Tensor x, PanelWeight w, boolean withSwiGlu) {
        Tensor upTensor = upOut;
        int columns = withSwiGlu || upTensor != null ? w.outFeatures() / 2 : w.outFeatures();
        if (x.columns() != w.inFeatures() || out.columns() != columns || out.rows() != x.rows()) {
            throw new IllegalArgumentException(
                    "linear: "
                            + out
                            + " = "
                            + x
                            + " times ["
                            + w.outFeatures()
                            + ", "
                            + w.inFeatures()
                            + "]");
        }
        weight = w;
        swiGlu = withSwiGlu;
        xDtype = x.dtype();
        outDtype = out.dtype();
        outColumns = columns;
        int units = withSwiGlu ? w.panels() / 2 : w.panels();
        panelsPerChunk = Math.max(1, units / (pool.workers() * 64));
        int chunks = (units + panelsPerChunk - 1) / panelsPerChunk;
        int total = x.rows();
        for (int first = 0; first < total; first += ROWS) {
            rows = Math.min(ROWS, total - first);
            xAddress = HostDevice.address(x) + (long) first * x.columns() * xDtype.bytes();
            outAddress = HostDevice.address(out) + (long) first * columns * outDtype.bytes();
            upAddress =
                    upTensor == null
                            ? 0
                            : HostDevice.address(upTensor)
                                    + (long) first * columns * outDtype.bytes();
            int packedLength = Lanes.roundUp(rows, TILE) * w.inFeatures();
            if (packed.length < packedLength) {
                packed = new float[packedLength];
            }
            if (rows == 1) {
                prepareRow(w);
                pool.run(matVecTask, chunks);
            } else {
                pool.run(packTask, (rows + TILE - 1) / TILE);
                pool.run(gemmTask, chunks);
            }
        }
    }

    private void prepareRow(PanelWeight w) {
        int k = w.inFeatures();
        long row = scratch.get(0, 4L * k);
        Convert.widen(xAddress, xDtype, row, k);
        MemorySegment.copy(ALL, FLOAT, row, packed, 0, k);
        float factor = Widen.rowFactor(w.dtype());
        if (factor != 1) {
            for (int i = 0; i < k; i++) {
                packed[i] *= factor;
            }
        }
    }

    /**
     * Packs one tile of rows {@code [TILE][k]} to {@code [k][TILE]}; rows past the end are zero.
     */
    private void packTile(int tile, int worker) {
        int k = current().inFeatures();
        long row = scratch.get(worker, 4L * k);
        int base = TILE * k * tile;
        for (int r = 0; r < TILE; r++) {
            int source = tile * TILE + r;
            if (source < rows) {
                Convert.widen(xAddress + (long) source * k * xDtype.bytes(), xDtype, row, k);
                for (int i = 0; i < k; i++) {
                    packed[base + TILE * i + r] = ALL.get(FLOAT, row + 4L * i);
                }
            } else {
                for (int i = 0; i < k; i++) {
                    packed[base + TILE * i + r] = 0;
                }
            }
        }
    }

    private PanelWeight current() {
        PanelWeight w = weight;
        if (w == null) {
            throw new IllegalStateException("no call is under way");
        }
        return w;
    }

    private void matVecChunk(int chunk, int worker) {
        PanelWeight w = current();
        int k = w.inFeatures();
        float[] result = results.get(worker, 2 * PANEL);
        int units = swiGlu ? w.panels() / 2 : w.panels();
        int end = Math.min(units, (chunk + 1) * panelsPerChunk);
        for (int u = chunk * panelsPerChunk; u < end; u++) {
            if (swiGlu) {
                Widen.matVec(w.dtype(), w.memory(), w.offset(2 * u), packed, k, result, 0);
                Widen.matVec(w.dtype(), w.memory(), w.offset(2 * u + 1), packed, k, result, PANEL);
            } else {
                Widen.matVec(w.dtype(), w.memory(), w.offset(u), packed, k, result, 0);
            }
            finish(w, u, result, PANEL, 1, worker);
        }
    }

    private void gemmPanels(int chunk, int worker) {
        PanelWeight w = current();
        int k = w.inFeatures();
        int tiles = (rows + TILE - 1) / TILE;
        int second = PANEL * TILE * tiles;
        float[] result = results.get(worker, 2 * second);
        int units = swiGlu ? w.panels() / 2 : w.panels();
        int end = Math.min(units, (chunk + 1) * panelsPerChunk);
        for (int u = chunk * panelsPerChunk; u < end; u++) {
            if (swiGlu) {
                product(w, 2 * u, k, tiles, worker, result, 0);
                product(w, 2 * u + 1, k, tiles, worker, result, second);
            } else {
                product(w, u, k, tiles, worker, result, 0);
            }
            finish(w, u, result, second, rows, worker);
        }
    }

    private void product(
            PanelWeight w, int panel, int k, int tiles, int worker, float[] result, int at) {
        float[] floats = wide.get(worker, DEPTH * PANEL);
        Arrays.fill(result, at, at + PANEL * TILE * tiles, 0);
        for (int from = 0; from < k; from += DEPTH) {
            int depth = Math.min(DEPTH, k - from);
            Widen.panel(
                    w.dtype(),
                    w.memory(),
                    w.offset(panel) + (long) from * PANEL * w.dtype().bytes(),
                    depth,
                    floats);
            for (int t = 0; t < tiles; t++) {
                MicroKernel.multiplyAdd(
                        packed,
                        TILE * (k * t + from),
                        floats,
                        0,
                        depth,
                        result,
                        at + PANEL * TILE * t);
            }
        }
    }

    /**
     * Bias or activation, and rounding to the output, for the rows of one panel (or gate and up
     * pair, the latter from {@code second} on).
     */
    private void finish(
            PanelWeight w, int unit, float[] result, int second, int count, int worker) {
        int panel = swiGlu ? 2 * unit : unit;
        int column = w.column(panel);
        int live = w.live(panel);
        long floats = scratch.get(worker, 4L * PANEL * count);
        if (biasAddress != 0) {
            Convert.widen(biasAddress + (long) column * biasDtype.bytes(), biasDtype, floats, live);
            for (int i = 0; i < live; i++) {
                float bias = ALL.get(FLOAT, floats + 4L * i);
                for (int r = 0; r < count; r++) {
                    result[PANEL * r + i] += bias;
                }
            }
        }
        if (swiGlu) {
            siluMul(result, second, count * PANEL);
        }
        MemorySegment.copy(result, 0, ALL, FLOAT, floats, count * PANEL);
        long out = outAddress + (long) column * outDtype.bytes();
        if (upAddress != 0 && panel % 2 == 1) {
            out = upAddress + (long) (column - outColumns) * outDtype.bytes();
        }
        for (int r = 0; r < count; r++) {
            Convert.round(floats + 4L * PANEL * r, out, outDtype, live);
            out += (long) outColumns * outDtype.bytes();
        }
    }

    /**
     * {@code x[i] = silu(x[i]) * x[up + i]} for {@code n} floats, a multiple of the vector length.
     */
    private static void siluMul(float[] x, int up, int n) {
        for (int i = 0; i < n; i += L) {
            FloatVector g = FloatVector.fromArray(F, x, i);
            FloatVector u = FloatVector.fromArray(F, x, up + i);
            FloatVector e = Exp.exp(g.neg());
            g.div(e.add(1f)).mul(u).intoArray(x, i);
        }
    }

    @Override
    public void close() {
        scratch.close();
    }
}
