package io.sparktts.jcuda;

import io.sparktts.backend.Tensor;

import jcuda.driver.CUstream;

/** Launches {@code Columns.cu}. */
final class Columns {
    private static final String MODULE = "Columns";
    private static final int BLOCK = 256;
    private static final int MEAN_BLOCK = 1024;
    private static final int MEAN_COLUMNS = 32;

    private final CudaContext context;

    Columns(CudaContext context) {
        this.context = context;
    }

    /** See {@link io.sparktts.backend.Kernels#columnMean}. */
    void mean(CUstream stream, Tensor out, Tensor x) {
        int n = x.columns();
        context.function(MODULE, "columnMean_" + x.dtype().id())
                .launchDependent(
                        stream,
                        Math.ceilDiv(n, MEAN_COLUMNS),
                        1,
                        1,
                        MEAN_BLOCK,
                        0,
                        CudaBuffer.address(out),
                        CudaBuffer.address(x),
                        x.rows(),
                        n);
    }

    /** See {@link io.sparktts.backend.Kernels#copyColumns}. */
    void copy(CUstream stream, Tensor out, int outColumn, Tensor x, int xColumn, int columns) {
        long to = CudaBuffer.address(out) + (long) outColumn * out.dtype().bytes();
        long from = CudaBuffer.address(x) + (long) xColumn * x.dtype().bytes();
        long elements = (long) out.rows() * columns;
        int width = 16 / out.dtype().bytes();
        boolean wide =
                columns % width == 0
                        && out.columns() % width == 0
                        && x.columns() % width == 0
                        && ((to | from) & 15) == 0;
        context.function(MODULE, "copyColumns_" + out.dtype().id())
                .launchThreads(
                        stream,
                        wide ? elements / width : elements,
                        BLOCK,
                        to,
                        out.columns(),
                        from,
                        x.columns(),
                        elements,
                        columns,
                        wide ? 1 : 0);
    }
}
