package io.sparktts.jcuda;

import io.sparktts.backend.DType;

import jcuda.driver.CUstream;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** Prefill attention without matrix units; see ScalarAttention.cu. */
final class ScalarAttention {
    private static final int THREADS = 256;
    private static final int TILE = 64;
    private static final int PITCH = TILE + 4;

    /** Head widths that there are kernels for; a head is padded to the next. */
    private static final int[] WIDTHS = {16, 32, 64, 128};

    private final Map<DType, List<CudaFunction>> functions = new EnumMap<>(DType.class);

    ScalarAttention(CudaContext context) {
        for (DType dtype : List.of(DType.F32, DType.F16, DType.BF16)) {
            List<CudaFunction> ofWidths = new ArrayList<>();
            for (int width : WIDTHS) {
                String entry = "scalarAttention" + width + "_" + dtype.id();
                ofWidths.add(context.function("ScalarAttention", entry));
            }
            functions.put(dtype, ofWidths);
        }
    }

    boolean accepts(AttentionCall call) {
        return call.shape().headDim() <= WIDTHS[WIDTHS.length - 1];
    }

    void run(CUstream stream, AttentionCall call) {
        int i = 0;
        while (WIDTHS[i] < call.shape().headDim()) {
            i++;
        }
        int sharedFloats = 2 * PITCH * WIDTHS[i] + TILE * WIDTHS[i] + TILE * PITCH;
        int blocks = call.mostTiles(call.shape().group(), TILE) * call.shape().kvHeads();
        functions
                .get(call.dtype())
                .get(i)
                .launch(
                        stream,
                        blocks,
                        1,
                        1,
                        THREADS,
                        sharedFloats * Float.BYTES,
                        call.arguments());
    }
}
