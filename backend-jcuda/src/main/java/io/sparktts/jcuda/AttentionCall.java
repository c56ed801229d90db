package io.sparktts.jcuda;

import io.sparktts.backend.AttentionShape;
import io.sparktts.backend.DType;
import io.sparktts.backend.SequenceBatch;
import io.sparktts.backend.Tensor;

/** The operands of {@link io.sparktts.backend.Kernels#attention}, as the kernels take them. */
record AttentionCall(
        Tensor out,
        Tensor qkv,
        CudaKvCache cache,
        int layer,
        AttentionShape shape,
        SequenceBatch batch) {
    private static final int COMMON_ARGUMENTS = 13;

    DType dtype() {
        return qkv.dtype();
    }

    /** ATTENTION_PARAMETERS of AttentionCommon.cuh, then those of one kernel. */
    Object[] arguments(Object... own) {
        Object[] all = new Object[COMMON_ARGUMENTS + own.length];
        all[0] = CudaBuffer.address(out);
        all[1] = CudaBuffer.address(qkv);
        all[2] = cache.keys(layer);
        all[3] = cache.values(layer);
        all[4] = CudaBuffer.address(batch.tokenOffsets());
        all[5] = CudaBuffer.address(batch.positions());
        all[6] = CudaBuffer.address(batch.slot());
        all[7] = batch.batch();
        all[8] = shape.heads();
        all[9] = shape.kvHeads();
        all[10] = shape.headDim();
        all[11] = cache.capacity();
        all[12] = (float) (1 / Math.sqrt(shape.headDim()));
        System.arraycopy(own, 0, all, COMMON_ARGUMENTS, own.length);
        return all;
    }

    /**
     * The most tiles that the rows of all sequences can make: each sequence may end in a part of
     * one.
     *
     * @param rowsPerToken rows that a token has
     * @param tileRows rows of a tile
     */
    int mostTiles(int rowsPerToken, int tileRows) {
        long rows = (long) batch.tokens() * rowsPerToken;
        return Math.toIntExact(Math.min(rows, rows / tileRows + batch.batch()));
    }
}
