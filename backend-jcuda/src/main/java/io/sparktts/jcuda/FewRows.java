package io.sparktts.jcuda;

import io.sparktts.backend.AttentionShape;
import io.sparktts.backend.DType;
import io.sparktts.backend.SequenceBatch;
import io.sparktts.backend.Tensor;

import jcuda.driver.CUstream;

import org.jspecify.annotations.Nullable;

/** Launches {@code FewRows.cu}: products of the few rows of a decode step. */
final class FewRows {
    private static final String MODULE = "FewRows";
    private static final int MOST_ROWS = 16;

    /** Rows that a block can normalise by itself. */
    private static final int MOST_NORM_ROWS = 8;

    private static final int MOST_NORM_COLUMNS = 1024;

    private static final int MOST_FLOAT_ROWS = 8;

    /** Elements of a row from which 16 warps share it. */
    private static final int LONG_ROW = 2048;

    /** Elements between rows in shared memory, beyond the row. */
    private static final int PAD = 32;

    /** The kernels that copy weights ahead, named as their entries begin. */
    private enum Tile {
        LINEAR_8("linear8_", 8, 4, 1),
        LINEAR_LONG("linearLong_", 16, 10, 1),
        LINEAR_16("linear16_", 4, 7, 2),
        SWI_GLU("swiGlu_", 4, 7, 2),
        QKV("qkv_", 8, 4, 2);

        private final String entry;
        private final int threads;
        private final int bytes;

        /**
         * @param ahead steps of 32 elements of a row whose weights a warp copies ahead
         * @param halves the rows of a tile in eights
         */
        Tile(String entry, int warps, int ahead, int halves) {
            this.entry = entry;
            threads = 32 * warps;
            bytes = ahead * halves * threads * 16;
        }
    }

    private final CudaContext context;

    FewRows(CudaContext context) {
        this.context = context;
    }

    /** Whether {@link #linear} without a norm takes this product. */
    boolean accepts(Tensor x, CudaWeight weight) {
        return x.dtype() == DType.F32 ? x.rows() <= MOST_FLOAT_ROWS : fuses(x, weight);
    }

    /** Whether all fused forms take rows of this dtype, number and place. */
    boolean fuses(Tensor x, CudaWeight weight) {
        return x.dtype() != DType.F32
                && x.rows() <= MOST_ROWS
                && weight.inFeatures() % 8 == 0
                && (CudaBuffer.address(x) & 15) == 0;
    }

    /** Whether {@link #qkv} takes heads of this width. */
    static boolean rotates(AttentionShape shape) {
        return shape.headDim() % 16 == 0;
    }

    /** Whether norms go inside the products; else they come before. */
    static boolean normsInside(int rows, int columns) {
        return rows <= MOST_NORM_ROWS && columns <= MOST_NORM_COLUMNS;
    }

    /**
     * {@code out = norm(x) W^T + bias + residual}.
     *
     * @param out of x's dtype or F32; may be {@code residual}
     * @param norm weight of the RMS norm before, or null for none
     */
    void linear(
            CUstream stream,
            Tensor out,
            Tensor x,
            CudaWeight weight,
            @Nullable Tensor bias,
            @Nullable Tensor residual,
            @Nullable Tensor norm,
            double epsilon) {
        int rows = x.rows();
        int n = weight.outFeatures();
        int k = weight.inFeatures();
        if (x.dtype() == DType.F32) {
            context.function(MODULE, "linear_f32_r" + rows)
                    .launchDependent(
                            stream,
                            (n + 1) / 2,
                            1,
                            1,
                            128,
                            0,
                            CudaBuffer.address(out),
                            CudaBuffer.address(x),
                            weight.address(),
                            CudaBuffer.addressOrNull(bias),
                            CudaBuffer.addressOrNull(residual),
                            n,
                            k,
                            weight.pitch());
            return;
        }
        // Tiles of 16 rows only where that many still fill the GPU.
        boolean large = n >= 16 * 4 * context.multiprocessors();
        int tiles = (n + (large ? 15 : 7)) / (large ? 16 : 8);
        Tile tile = large ? Tile.LINEAR_16 : k > LONG_ROW ? Tile.LINEAR_LONG : Tile.LINEAR_8;
        int rowBytes = rows * (k + PAD) * x.dtype().bytes();
        boolean staged = norm == null && tile.bytes + rowBytes <= context.mostSharedBytes();
        function(tile, x.dtype().id() + "_" + out.dtype().id(), rows)
                .launchDependent(
                        stream,
                        Math.min(tiles, context.multiprocessors() * (large ? 5 : 3)),
                        1,
                        1,
                        tile.threads,
                        staged ? tile.bytes + rowBytes : sharedBytes(tile, norm, rows, k),
                        CudaBuffer.address(out),
                        CudaBuffer.address(x),
                        weight.address(),
                        CudaBuffer.addressOrNull(bias),
                        CudaBuffer.addressOrNull(residual),
                        CudaBuffer.addressOrNull(norm),
                        (float) epsilon,
                        rows,
                        n,
                        k,
                        weight.pitch(),
                        staged ? 1 : 0);
    }

    /**
     * {@code out = silu(gate) * up} of {@code norm(x)}.
     *
     * @param norm weight of the RMS norm before, or null for none
     */
    void swiGlu(
            CUstream stream,
            Tensor out,
            Tensor x,
            CudaWeight gateUp,
            @Nullable Tensor norm,
            double epsilon) {
        int rows = x.rows();
        int n = gateUp.outFeatures() / 2;
        int k = gateUp.inFeatures();
        function(Tile.SWI_GLU, x.dtype().id(), rows)
                .launchDependent(
                        stream,
                        Math.min((n + 7) / 8, context.multiprocessors() * 5),
                        1,
                        1,
                        Tile.SWI_GLU.threads,
                        sharedBytes(Tile.SWI_GLU, norm, rows, k),
                        CudaBuffer.address(out),
                        CudaBuffer.address(x),
                        gateUp.address(),
                        CudaBuffer.addressOrNull(norm),
                        (float) epsilon,
                        rows,
                        n,
                        k,
                        gateUp.pitch());
    }

    /**
     * Projection of {@code norm(x)} to queries, keys and values, rotated; keys and values go to the
     * cache alone.
     *
     * @param qkv {@code [tokens, qkvWidth]}, of which the queries are written
     * @param norm weight of the RMS norm before, or null for none
     */
    void qkv(
            CUstream stream,
            Tensor qkv,
            Tensor x,
            CudaWeight weight,
            Tensor bias,
            @Nullable Tensor norm,
            double epsilon,
            AttentionShape shape,
            SequenceBatch batch,
            Tensor cos,
            Tensor sin,
            CudaKvCache cache,
            int layer) {
        int rows = x.rows();
        int k = weight.inFeatures();
        function(Tile.QKV, x.dtype().id(), rows)
                .launchDependent(
                        stream,
                        shape.qkvWidth() / 16,
                        1,
                        1,
                        Tile.QKV.threads,
                        sharedBytes(Tile.QKV, norm, rows, k),
                        CudaBuffer.address(qkv),
                        CudaBuffer.address(x),
                        weight.address(),
                        CudaBuffer.address(bias),
                        CudaBuffer.addressOrNull(norm),
                        (float) epsilon,
                        rows,
                        k,
                        weight.pitch(),
                        cache.keys(layer),
                        cache.values(layer),
                        CudaBuffer.address(cos),
                        CudaBuffer.address(sin),
                        CudaBuffer.address(batch.tokenOffsets()),
                        CudaBuffer.address(batch.positions()),
                        CudaBuffer.address(batch.slot()),
                        batch.batch(),
                        cache.capacity(),
                        shape.heads(),
                        shape.kvHeads(),
                        shape.headDim() / 2);
    }

    /** Weights copied ahead and, with a norm, rows and its weights. */
    private static int sharedBytes(Tile tile, @Nullable Tensor norm, int rows, int k) {
        return tile.bytes + (norm == null ? 0 : (rows * (k + PAD) + k) * norm.dtype().bytes());
    }

    /** The kernel of the smallest number of tiles of 8 tokens. */
    private CudaFunction function(Tile tile, String dtypes, int rows) {
        String entry = tile.entry + dtypes + (rows <= 8 ? "_t1" : "_t2");
        return context.function(MODULE, entry).preferShared();
    }
}
