package io.sparktts.jcuda;

import io.sparktts.backend.DType;

import java.lang.foreign.MemorySegment;

/** Descriptions of matrices for Hopper's bulk tensor copy engine. */
final class CudaTensorMap {
    private CudaTensorMap() {}

    /**
     * The map (128 bytes, a kernel parameter by value) of a row-major matrix, copied in boxes with
     * 128-byte swizzle; what lies outside the matrix reads as zero.
     *
     * @param address of the first element, a multiple of 16
     * @param pitchElements elements between rows; its bytes are a multiple of 16
     * @param boxRows at most 256
     * @param boxColumns 128 bytes' worth of elements
     */
    static MemorySegment of(
            CudaContext context,
            DType dtype,
            long address,
            long rows,
            long columns,
            long pitchElements,
            int boxRows,
            int boxColumns) {
        return context.extras()
                .tensorMap(dtype, address, rows, columns, pitchElements, boxRows, boxColumns);
    }
}
