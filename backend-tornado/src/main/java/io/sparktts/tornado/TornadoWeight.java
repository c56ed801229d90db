package io.sparktts.tornado;

import io.sparktts.backend.DType;
import io.sparktts.backend.Tensor;
import io.sparktts.backend.Weight;
import io.sparktts.backend.WeightRole;

/**
 * A matrix as it is in a checkpoint, its parts one above the other.
 *
 * @param matrix {@code [outFeatures, inFeatures]}
 */
record TornadoWeight(WeightRole role, Tensor matrix) implements Weight {
    @Override
    public DType dtype() {
        return matrix.dtype();
    }

    @Override
    public int outFeatures() {
        return matrix.rows();
    }

    @Override
    public int inFeatures() {
        return matrix.columns();
    }

    @Override
    public long byteSize() {
        return matrix.byteSize();
    }

    @Override
    public void close() {
        matrix.close();
    }
}
