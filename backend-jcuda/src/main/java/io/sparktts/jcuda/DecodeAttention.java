package io.sparktts.jcuda;

import io.sparktts.backend.AttentionShape;
import io.sparktts.backend.DType;
import io.sparktts.backend.Kernels;
import io.sparktts.backend.Tensor;

import jcuda.driver.CUstream;

/** Attention of few tokens per sequence; see DecodeAttention.cu. */
final class DecodeAttention {
    private static final int THREADS = 128;
    private static final int HEAD_DIM = 64;
    private static final int HEADS_PER_BLOCK = 7;

    /** More tokens of a sequence than this share reads better in a prefill kernel. */
    private static final int MOST_TOKENS_PER_SEQUENCE = 4;

    /** A split is not worth more blocks than this per multiprocessor. */
    private static final int BLOCKS_PER_MULTIPROCESSOR = 4;

    private static final int MOST_SPLITS = 32;

    /** Splits of a cluster, and the positions up to which these are enough. */
    private static final int CLUSTER = 8;

    private static final int MOST_CLUSTER_POSITIONS = 4096;

    private static final int LEAST_POSITIONS = 64;

    /** Floats that a split leaves per token and head: the result, its maximum and its sum. */
    private static final int PARTIAL_FLOATS = HEAD_DIM + 2;

    private final CudaContext context;

    DecodeAttention(CudaContext context) {
        this.context = context;
    }

    boolean accepts(AttentionCall call) {
        return call.shape().headDim() == HEAD_DIM
                && call.batch().tokens() <= (long) MOST_TOKENS_PER_SEQUENCE * call.batch().batch();
    }

    void run(Kernels kernels, CUstream stream, AttentionCall call, CudaScratch scratch) {
        AttentionShape shape = call.shape();
        int tokens = call.batch().tokens();
        int parts = shape.kvHeads() * Math.ceilDiv(shape.group(), HEADS_PER_BLOCK);
        int capacity = call.cache().capacity();
        if (clusters((long) tokens * parts, capacity)) {
            function("decodeAttentionCluster_", call)
                    .launchDependent(
                            stream, tokens * CLUSTER, parts, 1, THREADS, 0, call.arguments());
            return;
        }
        int splits = splits((long) tokens * parts, capacity);
        Tensor partials =
                kernels.scratch(
                        "attention.partials",
                        DType.F32,
                        (long) tokens * shape.heads() * splits,
                        PARTIAL_FLOATS);
        Tensor counters = scratch.counters("attention.counters", tokens * parts);
        function("decodeAttention_", call)
                .launchDependent(
                        stream,
                        tokens * splits,
                        parts,
                        1,
                        THREADS,
                        0,
                        call.arguments(
                                CudaBuffer.address(partials),
                                CudaBuffer.address(counters),
                                splits));
    }

    /** Whether clusters pay: all their blocks find a multiprocessor at once. */
    private boolean clusters(long clusters, int capacity) {
        return context.isHopper()
                && capacity <= MOST_CLUSTER_POSITIONS
                && clusters * CLUSTER <= context.multiprocessors();
    }

    private CudaFunction function(String entry, AttentionCall call) {
        return context.function("DecodeAttention", entry + call.dtype().id()).preferShared();
    }

    /** Into how many parts the positions are cut, from what the host knows. */
    private int splits(long blocks, int capacity) {
        long wanted =
                Math.ceilDiv((long) BLOCKS_PER_MULTIPROCESSOR * context.multiprocessors(), blocks);
        int useful = Math.ceilDiv(capacity, LEAST_POSITIONS);
        return (int) Math.max(1, Math.min(wanted, Math.min(useful, MOST_SPLITS)));
    }
}
