package io.sparktts.jcuda;

import io.sparktts.backend.AttentionShape;
import io.sparktts.backend.SequenceBatch;
import io.sparktts.backend.Tensor;

import jcuda.driver.CUstream;

/** Launches {@code Sequences.cu}. */
final class Sequences {
    private static final String MODULE = "Sequences";
    private static final int BLOCK = 128;

    private final CudaContext context;

    Sequences(CudaContext context) {
        this.context = context;
    }

    /** See {@link io.sparktts.backend.Kernels#embedding}. */
    void embedding(CUstream stream, Tensor out, Tensor ids, CudaWeight table) {
        launch(
                stream,
                "embedding_" + out.dtype().id(),
                out.rows(),
                CudaBuffer.address(out),
                CudaBuffer.address(ids),
                table.address(),
                table.pitch(),
                table.inFeatures());
    }

    /** See {@link io.sparktts.backend.Kernels#rotary}. */
    void rotary(
            CUstream stream,
            Tensor qkv,
            AttentionShape shape,
            Tensor positions,
            Tensor cos,
            Tensor sin) {
        launch(
                stream,
                "rotary_" + qkv.dtype().id(),
                qkv.rows(),
                CudaBuffer.address(qkv),
                shape.qkvWidth(),
                shape.heads() + shape.kvHeads(),
                shape.headDim() / 2,
                CudaBuffer.address(positions),
                CudaBuffer.address(cos),
                CudaBuffer.address(sin));
    }

    /** See {@link io.sparktts.backend.Kernels#cacheWrite}. */
    void cacheWrite(
            CUstream stream,
            CudaKvCache cache,
            int layer,
            Tensor qkv,
            AttentionShape shape,
            SequenceBatch batch) {
        cacheWrite(stream, qkv, shape, 0L, 0L, cache, layer, batch);
    }

    /** Rotates queries and keys in place, then writes keys and values to the cache. */
    void rotaryCacheWrite(
            CUstream stream,
            Tensor qkv,
            AttentionShape shape,
            Tensor cos,
            Tensor sin,
            CudaKvCache cache,
            int layer,
            SequenceBatch batch) {
        cacheWrite(
                stream,
                qkv,
                shape,
                CudaBuffer.address(cos),
                CudaBuffer.address(sin),
                cache,
                layer,
                batch);
    }

    private void cacheWrite(
            CUstream stream,
            Tensor qkv,
            AttentionShape shape,
            long cos,
            long sin,
            CudaKvCache cache,
            int layer,
            SequenceBatch batch) {
        launch(
                stream,
                "cacheWrite_" + qkv.dtype().id(),
                qkv.rows(),
                CudaBuffer.address(qkv),
                shape.qkvWidth(),
                shape.queryWidth(),
                shape.kvHeads(),
                shape.headDim(),
                cache.keys(layer),
                cache.values(layer),
                cache.capacity(),
                CudaBuffer.address(batch.tokenOffsets()),
                CudaBuffer.address(batch.positions()),
                CudaBuffer.address(batch.slot()),
                batch.batch(),
                shape.heads() + shape.kvHeads(),
                cos,
                sin);
    }

    /** See {@link io.sparktts.backend.Kernels#gatherRows}. */
    void gatherRows(CUstream stream, Tensor out, Tensor x, SequenceBatch batch) {
        launch(
                stream,
                "gatherRows_" + out.dtype().id(),
                batch.batch(),
                CudaBuffer.address(out),
                CudaBuffer.address(x),
                CudaBuffer.address(batch.tokenOffsets()),
                x.columns());
    }

    /** See {@link io.sparktts.backend.Kernels#advance}. */
    void advance(CUstream stream, SequenceBatch batch) {
        launch(
                stream,
                "advance",
                (batch.batch() + BLOCK - 1) / BLOCK,
                CudaBuffer.address(batch.tokenOffsets()),
                CudaBuffer.address(batch.positions()),
                CudaBuffer.address(batch.cacheLength()),
                CudaBuffer.address(batch.slot()),
                batch.batch());
    }

    private void launch(CUstream stream, String entry, int blocks, Object... arguments) {
        if (blocks > 0) {
            context.function(MODULE, entry)
                    .launchDependent(stream, blocks, 1, 1, BLOCK, 0, arguments);
        }
    }
}
