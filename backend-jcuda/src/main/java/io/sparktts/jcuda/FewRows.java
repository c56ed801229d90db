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

    private static final int MOST_FLOAT_ROWS = 8;

    /** Elements of a row from which 16 warps share it. */
    private static final int LONG_ROW = 2048;

    /** Elements between rows in shared memory, beyond the row. */
    private static final int PAD = 32;

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
        return rows <= MOST_NORM_ROWS && columns <= 2048;
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
        boolean longRows = !large && k > LONG_ROW;
        context.function(
                        MODULE,
                        (large ? "linear16_" : longRows ? "linearLong_" : "linear8_")
                                + x.dtype().id()
                                + "_"
                                + out.dtype().id()
                                + tokenTiles(rows))
                .launchDependent(
                        stream,
                        Math.min(tiles, context.multiprocessors() * (large ? 5 : 3)),
                        1,
                        1,
                        large ? 128 : longRows ? 512 : 256,
                        sharedBytes(norm, rows, k),
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
                        weight.pitch());
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
        context.function(MODULE, "swiGlu_" + x.dtype().id() + tokenTiles(rows))
                .launchDependent(
                        stream,
                        Math.min((n + 7) / 8, context.multiprocessors() * 5),
                        1,
                        1,
                        128,
                        sharedBytes(norm, rows, k),
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
        context.function(MODULE, "qkv_" + x.dtype().id() + tokenTiles(rows))
                .launchDependent(
                        stream,
                        shape.qkvWidth() / 16,
                        1,
                        1,
                        256,
                        sharedBytes(norm, rows, k),
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

    private static int sharedBytes(@Nullable Tensor norm, int rows, int k) {
        return norm == null ? 0 : rows * (k + PAD) * norm.dtype().bytes();
    }

    /** The smallest number of tiles of 8 tokens that there is a kernel for. */
    private static String tokenTiles(int rows) {
        return rows <= 8 ? "_t1" : "_t2";
    }
}
