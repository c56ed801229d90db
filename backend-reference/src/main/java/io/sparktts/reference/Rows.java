package io.sparktts.reference;

import io.sparktts.backend.DType;
import io.sparktts.backend.HostTensor;
import io.sparktts.backend.Tensor;
import io.sparktts.host.HostDevice;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Widens stretches of a tensor to {@code double[]} and rounds them back. */
record Rows(HostTensor tensor) {
    static Rows of(Tensor t) {
        return new Rows(new HostTensor(t.dtype(), t.shape(), HostDevice.segment(t)));
    }

    /** {@code n} elements from {@code start} on, widened exactly. */
    double[] get(long start, int n) {
        double[] out = new double[n];
        MemorySegment data = tensor.data();
        switch (tensor.dtype()) {
            case F64 ->
                    MemorySegment.copy(
                            data, ValueLayout.JAVA_DOUBLE_UNALIGNED, start * 8, out, 0, n);
            case F32 -> {
                for (int i = 0; i < n; i++) {
                    out[i] = data.get(ValueLayout.JAVA_FLOAT_UNALIGNED, (start + i) * 4);
                }
            }
            case F16 -> {
                for (int i = 0; i < n; i++) {
                    out[i] =
                            Float.float16ToFloat(
                                    data.get(ValueLayout.JAVA_SHORT_UNALIGNED, (start + i) * 2));
                }
            }
            case BF16 -> {
                for (int i = 0; i < n; i++) {
                    out[i] =
                            DType.bf16ToFloat(
                                    data.get(ValueLayout.JAVA_SHORT_UNALIGNED, (start + i) * 2));
                }
            }
            case I32 -> {
                for (int i = 0; i < n; i++) {
                    out[i] = tensor.get(start + i);
                }
            }
        }
        return out;
    }

    /** Stores {@code values} from {@code start} on, each rounded once. */
    void set(long start, double[] values) {
        for (int i = 0; i < values.length; i++) {
            tensor.set(start + i, values[i]);
        }
    }

    double[] all() {
        return get(0, Math.toIntExact(tensor.elements()));
    }

    int[] ints() {
        return tensor.toInts();
    }
}
