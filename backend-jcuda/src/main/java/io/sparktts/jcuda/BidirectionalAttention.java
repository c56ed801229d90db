package io.sparktts.jcuda;

import io.sparktts.backend.BackendException;
import io.sparktts.backend.Tensor;

import jcuda.driver.CUstream;

/** Launches {@code BidirectionalAttention.cu}. */
final class BidirectionalAttention {
    private static final String MODULE = "BidirectionalAttention";

    /** Queries of a block, a warp each. */
    private static final int QUERIES = 8;

    private static final int MOST_HEAD_DIM = 128;

    private final CudaContext context;

    BidirectionalAttention(CudaContext context) {
        this.context = context;
    }

    /**
     * See {@link io.sparktts.backend.Kernels#bidirectionalAttention}.
     *
     * @throws BackendException for heads wider than 128
     */
    void run(CUstream stream, Tensor out, Tensor q, Tensor k, Tensor v, int heads) {
        int queries = q.rows();
        int width = q.columns();
        int headDim = width / heads;
        if (headDim > MOST_HEAD_DIM) {
            throw new BackendException(
                    "bidirectionalAttention takes heads of at most "
                            + MOST_HEAD_DIM
                            + " dimensions on jcuda, not "
                            + headDim);
        }
        if (queries == 0) {
            return;
        }
        int dimsPerLane = headDim <= 32 ? 1 : headDim <= 64 ? 2 : 4;
        context.function(MODULE, "bidirectional_d" + dimsPerLane + "_" + q.dtype().id())
                .launchDependent(
                        stream,
                        Math.ceilDiv(queries, QUERIES),
                        heads,
                        1,
                        32 * QUERIES,
                        0,
                        CudaBuffer.address(out),
                        CudaBuffer.address(q),
                        CudaBuffer.address(k),
                        CudaBuffer.address(v),
                        queries,
                        k.rows(),
                        width,
                        headDim,
                        (float) (1 / Math.sqrt(headDim)));
    }
}
