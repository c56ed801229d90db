package io.sparktts.jcuda;

import io.sparktts.backend.AttentionShape;
import io.sparktts.backend.DType;
import io.sparktts.backend.Kernels;
import io.sparktts.backend.Tensor;

import jcuda.driver.CUstream;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;

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
    private static final int LEAST_POSITIONS = 64;

    /** Floats that a split leaves per token and head: the result, its maximum and its sum. */
    private static final int PARTIAL_FLOATS = HEAD_DIM + 2;

    private final Map<DType, CudaFunction> functions = new EnumMap<>(DType.class);
    private final int multiprocessors;
    private final boolean dependentLaunch;

    DecodeAttention(CudaContext context) {
        for (DType dtype : List.of(DType.F32, DType.F16, DType.BF16)) {
            functions.put(
                    dtype, context.function("DecodeAttention", "decodeAttention_" + dtype.id()));
        }
        multiprocessors = context.multiprocessors();
        dependentLaunch = context.computeCapability() >= 90;
    }

    boolean accepts(AttentionCall call) {
        return call.shape().headDim() == HEAD_DIM
                && call.batch().tokens() <= (long) MOST_TOKENS_PER_SEQUENCE * call.batch().batch();
    }

    void run(Kernels kernels, CUstream stream, AttentionCall call, CudaScratch scratch) {
        AttentionShape shape = call.shape();
        int tokens = call.batch().tokens();
        int parts = shape.kvHeads() * Math.ceilDiv(shape.group(), HEADS_PER_BLOCK);
        int splits = splits((long) tokens * parts, call.cache().capacity());
        Tensor partials =
                kernels.scratch(
                        "attention.partials",
                        DType.F32,
                        (long) tokens * shape.heads() * splits,
                        PARTIAL_FLOATS);
        Tensor counters = scratch.counters("attention.counters", tokens * parts);
        Object[] arguments =
                call.arguments(CudaBuffer.address(partials), CudaBuffer.address(counters), splits);
        CudaFunction function = functions.get(call.dtype());
        if (dependentLaunch) {
            function.launchDependent(stream, tokens * splits, parts, 1, THREADS, 0, arguments);
        } else {
            function.launch(stream, tokens * splits, parts, 1, THREADS, 0, arguments);
        }
    }

    /** Into how many parts the positions are cut, from what the host knows. */
    private int splits(long blocks, int capacity) {
        long wanted = Math.ceilDiv((long) BLOCKS_PER_MULTIPROCESSOR * multiprocessors, blocks);
        int useful = Math.ceilDiv(capacity, LEAST_POSITIONS);
        return (int) Math.max(1, Math.min(wanted, Math.min(useful, MOST_SPLITS)));
    }
}
