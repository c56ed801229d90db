package io.sparktts.backend;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * A dense row-major tensor in host memory, little-endian: what a checkpoint holds and what inputs
 * and results are copied through.
 *
 * @param dtype element type
 * @param shape extents, outermost first
 * @param data exactly {@code elements * dtype.bytes()} bytes
 */
// The accessor copies the shape, so the array cannot be changed from outside.
@SuppressWarnings("ArrayRecordComponent")
public record HostTensor(DType dtype, long[] shape, MemorySegment data) {
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;
    private static final ValueLayout.OfDouble DOUBLE = ValueLayout.JAVA_DOUBLE_UNALIGNED;

    /**
     * Elements that are converted at a time by way of an array, which is fast long before loops
     * over a memory segment are compiled.
     */
    private static final int RUN = 1024;

    public HostTensor {
        long bytes = dtype.bytesOf(shape);
        if (data.byteSize() != bytes) {
            throw new IllegalArgumentException(
                    "a "
                            + dtype.id()
                            + " tensor of shape "
                            + Arrays.toString(shape)
                            + " takes "
                            + bytes
                            + " bytes, not "
                            + data.byteSize());
        }
        shape = shape.clone();
    }

    /** A zeroed tensor whose memory lives as long as {@code arena}. */
    public static HostTensor allocate(Arena arena, DType dtype, long... shape) {
        return new HostTensor(dtype, shape, HostMemory.allocate(arena, dtype.bytesOf(shape)));
    }

    /** A tensor of {@code values}, each rounded once to {@code dtype}. */
    public static HostTensor of(Arena arena, DType dtype, double[] values, long... shape) {
        HostTensor t = allocate(arena, dtype, shape);
        if (values.length != t.elements()) {
            throw new IllegalArgumentException(
                    values.length + " values for shape " + Arrays.toString(shape));
        }
        t.write(0, values, 0, values.length);
        return t;
    }

    /** An {@code F32} tensor. */
    public static HostTensor ofFloats(Arena arena, float[] values, long... shape) {
        HostTensor t = allocate(arena, DType.F32, shape);
        t.write(0, values, 0, values.length);
        return t;
    }

    /** An {@code I32} vector. */
    public static HostTensor ofInts(Arena arena, int... values) {
        HostTensor t = allocate(arena, DType.I32, values.length);
        MemorySegment.copy(values, 0, t.data, INT, 0, values.length);
        return t;
    }

    static long elements(long[] shape) {
        long n = 1;
        for (long d : shape) {
            if (d < 0) {
                throw new IllegalArgumentException(
                        "negative extent in shape " + Arrays.toString(shape));
            }
            n = Math.multiplyExact(n, d);
        }
        return n;
    }

    @Override
    public long[] shape() {
        return shape.clone();
    }

    /** Number of elements. */
    public long elements() {
        return elements(shape);
    }

    /** Extent of dimension {@code i}. */
    public long dim(int i) {
        return shape[i];
    }

    /** The element at flat index {@code i}, widened exactly. */
    public double get(long i) {
        return switch (dtype) {
            case F64 -> data.get(DOUBLE, i * 8);
            case F32 -> data.get(FLOAT, i * 4);
            case F16 -> Float.float16ToFloat(data.get(SHORT, i * 2));
            case BF16 -> DType.bf16ToFloat(data.get(SHORT, i * 2));
            case I32 -> data.get(INT, i * 4);
        };
    }

    /** Stores {@code value} at flat index {@code i}, rounded once. */
    public void set(long i, double value) {
        switch (dtype) {
            case F64 -> data.set(DOUBLE, i * 8, value);
            case F32 -> data.set(FLOAT, i * 4, (float) value);
            case F16 -> data.set(SHORT, i * 2, DType.doubleToF16(value));
            case BF16 -> data.set(SHORT, i * 2, DType.doubleToBf16(value));
            case I32 -> data.set(INT, i * 4, (int) value);
        }
    }

    /** Like {@link #read(long, double[], int, int)}, but of F64 the nearest floats. */
    public void read(long from, float[] into, int at, int n) {
        if (dtype == DType.F32) {
            MemorySegment.copy(data, FLOAT, 4 * from, into, at, n);
        } else {
            for (int i = 0; i < n; i++) {
                into[at + i] = (float) get(from + i);
            }
        }
    }

    /** Like {@link #write(long, double[], int, int)}. */
    public void write(long to, float[] values, int at, int n) {
        if (dtype == DType.F32) {
            MemorySegment.copy(values, at, data, FLOAT, 4 * to, n);
        } else {
            for (int i = 0; i < n; i++) {
                set(to + i, values[at + i]);
            }
        }
    }

    /** Widens {@code n} elements from flat index {@code from} on to {@code into[at]} and on. */
    public void read(long from, double[] into, int at, int n) {
        if (dtype == DType.F32) {
            float[] run = new float[Math.min(n, RUN)];
            for (int i = 0; i < n; i += RUN) {
                int part = Math.min(RUN, n - i);
                MemorySegment.copy(data, FLOAT, 4 * (from + i), run, 0, part);
                for (int k = 0; k < part; k++) {
                    into[at + i + k] = run[k];
                }
            }
        } else {
            for (int i = 0; i < n; i++) {
                into[at + i] = get(from + i);
            }
        }
    }

    /**
     * Stores {@code n} of {@code values} from {@code at} on, each rounded once, at flat index
     * {@code to} and on.
     */
    public void write(long to, double[] values, int at, int n) {
        switch (dtype) {
            case F32 -> {
                float[] run = new float[Math.min(n, RUN)];
                for (int i = 0; i < n; i += RUN) {
                    int part = Math.min(RUN, n - i);
                    for (int k = 0; k < part; k++) {
                        run[k] = (float) values[at + i + k];
                    }
                    MemorySegment.copy(run, 0, data, FLOAT, 4 * (to + i), part);
                }
            }
            case F64 -> MemorySegment.copy(values, at, data, DOUBLE, 8 * to, n);
            default -> {
                for (int i = 0; i < n; i++) {
                    set(to + i, values[at + i]);
                }
            }
        }
    }

    /**
     * Copies {@code n} elements from flat index {@code from} on to flat index {@code to} of another
     * tensor and on, each rounded once to its dtype.
     */
    public void copyTo(long from, HostTensor target, long to, long n) {
        if (dtype == target.dtype) {
            long bytes = dtype.bytes();
            MemorySegment.copy(data, from * bytes, target.data, to * bytes, n * bytes);
        } else if (dtype == DType.F32 && target.dtype == DType.BF16) {
            int[] floats = new int[RUN];
            short[] rounded = new short[RUN];
            for (long i = 0; i < n; i += RUN) {
                int part = (int) Math.min(RUN, n - i);
                MemorySegment.copy(data, INT, 4 * (from + i), floats, 0, part);
                DType.floatBitsToBf16(floats, rounded, part);
                MemorySegment.copy(rounded, 0, target.data, SHORT, 2 * (to + i), part);
            }
        } else {
            double[] run = new double[RUN];
            for (long i = 0; i < n; i += RUN) {
                int part = (int) Math.min(RUN, n - i);
                read(from + i, run, 0, part);
                target.write(to + i, run, 0, part);
            }
        }
    }

    /** All elements, widened exactly. */
    public double[] toDoubles() {
        double[] out = new double[Math.toIntExact(elements())];
        read(0, out, 0, out.length);
        return out;
    }

    /** All elements of an {@code I32} tensor. */
    public int[] toInts() {
        int[] out = new int[Math.toIntExact(elements())];
        MemorySegment.copy(data, INT, 0, out, 0, out.length);
        return out;
    }
}
