package io.sparktts.backend;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * Element types of tensors. Accumulation, norms and softmax run in {@code F32} (or wider) whatever
 * the storage type is.
 */
public enum DType {
    /** IEEE binary64; only the {@code reference} backend computes in it. */
    F64(8, 0x1p-52),
    /** IEEE binary32. */
    F32(4, 0x1p-23),
    /** IEEE binary16. */
    F16(2, 0x1p-10),
    /** bfloat16: the upper half of a binary32. */
    BF16(2, 0x1p-7),
    /** 32-bit integers, for token ids, positions and lengths. */
    I32(4, 0);

    private final int bytes;
    private final double epsilon;

    DType(int bytes, double epsilon) {
        this.bytes = bytes;
        this.epsilon = epsilon;
    }

    /** Size of one element in bytes. */
    public int bytes() {
        return bytes;
    }

    /** Distance from 1 to the next larger number; 0 for integers. */
    public double epsilon() {
        return epsilon;
    }

    /**
     * Size of a dense tensor in bytes.
     *
     * @throws BackendException if no memory can be so large
     */
    public long bytesOf(long... shape) {
        try {
            return Math.multiplyExact(HostTensor.elements(shape), (long) bytes);
        } catch (ArithmeticException e) {
            throw new BackendException(
                    "out of memory: a tensor of shape "
                            + Arrays.toString(shape)
                            + " has more than 2^63 bytes",
                    e);
        }
    }

    /** Whether elements are floating-point numbers. */
    public boolean isFloat() {
        return this != I32;
    }

    /** The name as people type it: {@code bf16}. */
    public String id() {
        return name().toLowerCase(Locale.ROOT);
    }

    /**
     * Parses {@code f32}, {@code BF16}, ...
     *
     * @throws IllegalArgumentException naming the valid ones
     */
    public static DType parse(String text) {
        for (DType d : values()) {
            if (d.isFloat() && d.id().equals(text.toLowerCase(Locale.ROOT))) {
                return d;
            }
        }
        throw new IllegalArgumentException(
                "unknown dtype '"
                        + text
                        + "'; valid: "
                        + Arrays.stream(values())
                                .filter(DType::isFloat)
                                .map(DType::id)
                                .collect(Collectors.joining(", ")));
    }

    /** Widens bfloat16 bits. Exact. */
    public static float bf16ToFloat(short bits) {
        return Float.intBitsToFloat(bits << 16);
    }

    /** Rounds to bfloat16 bits, nearest even; NaN stays NaN. */
    public static short floatToBf16(float value) {
        int bits = Float.floatToRawIntBits(value);
        if ((bits & 0x7fffffff) > 0x7f800000) {
            return (short) ((bits >>> 16) | 0x40);
        }
        return (short) ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16);
    }

    /**
     * Rounds the floats whose bits {@code floats} holds, as {@link #floatToBf16(float)} does, in
     * loops without a branch that the compiler turns into vectors.
     */
    public static void floatBitsToBf16(int[] floats, short[] into, int n) {
        int nan = 0;
        for (int i = 0; i < n; i++) {
            // Negative for what is greater than infinity.
            nan |= (floats[i] & 0x7fffffff) + 0x7fffff;
        }
        if (nan < 0) {
            for (int i = 0; i < n; i++) {
                into[i] = floatToBf16(Float.intBitsToFloat(floats[i]));
            }
            return;
        }
        for (int i = 0; i < n; i++) {
            into[i] = (short) ((floats[i] + 0x7fff + ((floats[i] >>> 16) & 1)) >>> 16);
        }
    }

    /** Rounds a double to bfloat16 bits once, nearest even. */
    public static short doubleToBf16(double value) {
        return floatToBf16(roundToOdd(value));
    }

    /** Rounds a double to binary16 bits once, nearest even. */
    public static short doubleToF16(double value) {
        return Float.floatToFloat16(roundToOdd(value));
    }

    /**
     * Narrows to float such that a later rounding to fewer bits equals one rounding of the double:
     * an inexact result gets an odd last bit, so it can never sit on a tie.
     */
    private static float roundToOdd(double value) {
        float f = (float) value;
        if (f == value || Float.isNaN(f) || Float.isInfinite(f)) {
            return f;
        }
        int bits = Float.floatToRawIntBits(f);
        if (Math.abs((double) f) > Math.abs(value)) {
            bits--;
        }
        return Float.intBitsToFloat(bits | 1);
    }
}
