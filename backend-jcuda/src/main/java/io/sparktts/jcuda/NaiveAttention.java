package io.sparktts.jcuda;

import io.sparktts.backend.AttentionShape;
import io.sparktts.backend.DType;
import io.sparktts.backend.Kernels;
import io.sparktts.backend.Tensor;

import jcuda.driver.CUstream;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** Attention with a kernel per step; see NaiveAttention.cu. */
final class NaiveAttention {
    private static final int THREADS = 256;
    private static final int TILE = 64;

    /** What the scores may take, unless those of one head take more. */
    private static final long SCORE_BYTES = 512L << 20;

    private static final List<String> STEPS = List.of("naiveScores", "naiveSoftmax", "naiveWeigh");

    private final Map<DType, List<CudaFunction>> functions = new EnumMap<>(DType.class);

    NaiveAttention(CudaContext context) {
        for (DType dtype : List.of(DType.F32, DType.F16, DType.BF16)) {
            functions.put(
                    dtype,
                    STEPS.stream()
                            .map(
                                    step ->
                                            context.function(
                                                    "NaiveAttention", step + "_" + dtype.id()))
                            .toList());
        }
    }

    void run(Kernels kernels, CUstream stream, AttentionCall call) {
        AttentionShape shape = call.shape();
        int tokens = call.batch().tokens();
        int capacity = call.cache().capacity();
        long headBytes = (long) tokens * capacity * call.dtype().bytes();
        int atOnce = Math.clamp(SCORE_BYTES / headBytes, 1, shape.heads());
        Tensor scores =
                kernels.scratch("attention.scores", call.dtype(), (long) atOnce * tokens, capacity);
        long address = CudaBuffer.address(scores);
        int tiles = call.mostTiles(1, TILE);
        List<CudaFunction> steps = functions.get(call.dtype());
        for (int first = 0; first < shape.heads(); first += atOnce) {
            int heads = Math.min(atOnce, shape.heads() - first);
            Object[] arguments = call.arguments(address, tokens, first);
            int keyTiles = Math.ceilDiv(capacity, TILE);
            steps.get(0).launch(stream, tiles, heads, keyTiles, THREADS, 0, arguments);
            steps.get(1).launch(stream, tokens, heads, 1, THREADS, 0, arguments);
            int columnTiles = Math.ceilDiv(shape.headDim(), TILE);
            steps.get(2).launch(stream, tiles, heads, columnTiles, THREADS, 0, arguments);
        }
    }
}
