package io.sparktts.jcuda;

import io.sparktts.backend.DType;
import io.sparktts.backend.Tensor;

import java.lang.foreign.MemorySegment;
import java.util.LinkedHashMap;
import java.util.Map;

/** Descriptions of matrices for Hopper's bulk tensor copy engine, made once per matrix. */
final class CudaTensorMap {
    /** Weights and cache layers of a model, and its scratch tensors for some numbers of rows. */
    private static final int MOST_MAPS = 2048;

    /**
     * A row-major matrix, and the boxes that it is copied in.
     *
     * @param address of the first element, a multiple of 16
     * @param pitch elements between rows; its bytes are a multiple of 16
     * @param boxRows at most 256
     */
    record Matrix(DType dtype, long address, long rows, long columns, long pitch, int boxRows) {
        /** The swizzle's 128 bytes' worth of elements. */
        int boxColumns() {
            return 128 / dtype.bytes();
        }
    }

    private final DriverExtras extras;
    private final Map<Matrix, MemorySegment> maps =
            new LinkedHashMap<>(64, 0.75f, true) {
                private static final long serialVersionUID = 1;

                @Override
                protected boolean removeEldestEntry(Map.Entry<Matrix, MemorySegment> eldest) {
                    return size() > MOST_MAPS;
                }
            };

    CudaTensorMap(DriverExtras extras) {
        this.extras = extras;
    }

    /** Of a tensor. */
    MemorySegment of(Tensor t, int boxRows) {
        return of(
                new Matrix(
                        t.dtype(),
                        CudaBuffer.address(t),
                        t.rows(),
                        t.columns(),
                        t.columns(),
                        boxRows));
    }

    /** Of a weight. */
    MemorySegment of(CudaWeight w, int boxRows) {
        return of(
                new Matrix(
                        w.dtype(),
                        w.address(),
                        w.outFeatures(),
                        w.inFeatures(),
                        w.pitch(),
                        boxRows));
    }

    /**
     * The map (128 bytes, a kernel parameter by value) of a matrix, copied with 128-byte swizzle;
     * what lies outside the matrix reads as zero.
     */
    MemorySegment of(Matrix matrix) {
        return maps.computeIfAbsent(matrix, extras::tensorMap);
    }
}
