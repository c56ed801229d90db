package io.sparktts.reference;

import io.sparktts.backend.DType;
import io.sparktts.backend.HostTensor;
import io.sparktts.backend.Tensor;
import io.sparktts.backend.Weight;
import io.sparktts.backend.WeightRole;

import java.util.List;

/** The parts of a weight one below the other, row-major, in their dtype. */
final class ReferenceWeight implements Weight {
    private final WeightRole role;
    private final Tensor memory;
    private final Rows rows;

    ReferenceWeight(ReferenceDevice device, WeightRole role, DType dtype, List<HostTensor> parts) {
        this.role = role;
        long in = parts.getFirst().dim(1);
        long out = 0;
        for (HostTensor p : parts) {
            if (p.dim(1) != in) {
                throw new IllegalArgumentException(
                        "parts of a weight differ in width: " + in + " and " + p.dim(1));
            }
            out += p.dim(0);
        }
        this.memory = device.allocate(dtype, out, in);
        this.rows = Rows.of(memory);
        long at = 0;
        for (HostTensor p : parts) {
            if (p.dtype() == dtype) {
                rows.tensor()
                        .data()
                        .asSlice(at * dtype.bytes(), p.data().byteSize())
                        .copyFrom(p.data());
            } else {
                for (long i = 0; i < p.elements(); i++) {
                    rows.tensor().set(at + i, p.get(i));
                }
            }
            at += p.elements();
        }
    }

    /** Row {@code o}, widened. */
    double[] row(int o) {
        return rows.get((long) o * inFeatures(), inFeatures());
    }

    @Override
    public WeightRole role() {
        return role;
    }

    @Override
    public DType dtype() {
        return memory.dtype();
    }

    @Override
    public int outFeatures() {
        return (int) memory.dim(0);
    }

    @Override
    public int inFeatures() {
        return (int) memory.dim(1);
    }

    @Override
    public long byteSize() {
        return memory.byteSize();
    }

    @Override
    public void close() {
        memory.close();
    }
}
