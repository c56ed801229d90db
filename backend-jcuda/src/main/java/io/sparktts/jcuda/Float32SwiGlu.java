package io.sparktts.jcuda;

import io.sparktts.backend.DType;
import io.sparktts.backend.Tensor;

import jcuda.driver.CUstream;

/** Launches {@code Float32SwiGlu.cu}: gates and ups of many rows in true float32 on Hopper. */
final class Float32SwiGlu {
    private static final int THREADS = 256;
    private static final int ROWS = 128;
    private static final int COLUMNS = 152;
    private static final int BOX_COLUMNS = 32;

    /** Four stages of rows, gates and ups, and room to align them. */
    private static final int SHARED_BYTES = 4 * (ROWS + 2 * COLUMNS) * BOX_COLUMNS * 4 + 1024;

    private final CudaContext context;

    Float32SwiGlu(CudaContext context) {
        this.context = context;
    }

    /** Whether rows are many and placed as the copy engine needs it. */
    boolean accepts(Tensor out, Tensor x, CudaWeight gateUp) {
        return context.isHopper()
                && x.dtype() == DType.F32
                && out.dtype() == DType.F32
                && x.rows() >= ROWS / 2
                && gateUp.inFeatures() % 4 == 0
                && (CudaBuffer.address(x) & 15) == 0;
    }

    /**
     * Whether it beats cuBLASLt and a separate activation: on an H200 it does where one tile for
     * each multiprocessor is all there is (207 against 243 us at 512 rows), and does not where
     * there are more.
     */
    boolean fits(Tensor out, Tensor x, CudaWeight gateUp) {
        int tiles = tiles(out);
        int places = context.multiprocessors();
        return accepts(out, x, gateUp) && tiles <= places && 10 * tiles >= 9 * places;
    }

    /** {@code out = silu(gate) * up} of {@code x}. */
    void run(CUstream stream, Tensor out, Tensor x, CudaWeight gateUp) {
        context.function("Float32SwiGlu", "swiGlu_f32")
                .launchDependent(
                        stream,
                        Math.min(tiles(out), context.multiprocessors()),
                        1,
                        1,
                        THREADS,
                        SHARED_BYTES,
                        CudaBuffer.address(out),
                        x.rows(),
                        out.columns(),
                        gateUp.inFeatures(),
                        context.tensorMaps().of(x, ROWS),
                        context.tensorMaps().of(gateUp, COLUMNS));
    }

    private static int tiles(Tensor out) {
        return Math.ceilDiv(out.rows(), ROWS) * Math.ceilDiv(out.columns(), COLUMNS);
    }
}
