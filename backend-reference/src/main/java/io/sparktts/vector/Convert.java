package io.sparktts.vector;

import static io.sparktts.vector.Lanes.ALL;
import static io.sparktts.vector.Lanes.F;
import static io.sparktts.vector.Lanes.HALF;
import static io.sparktts.vector.Lanes.I;
import static io.sparktts.vector.Lanes.L;
import static io.sparktts.vector.Lanes.ORDER;

import io.sparktts.backend.DType;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

import java.lang.foreign.MemorySegment;

/** Contiguous runs of elements between a storage dtype and float32. */
final class Convert {
    /**
     * The Vector API has no half-to-float conversion: exponents are rebiased by an exact
     * multiplication instead.
     */
    private static final float F16_REBIAS = 0x1p112f;

    private Convert() {}

    /** Widens {@code n} elements at {@code src} to floats at {@code dst}. Exact. */
    static void widen(long src, DType dtype, long dst, int n) {
        switch (dtype) {
            case F32 -> MemorySegment.copy(ALL, src, ALL, dst, 4L * n);
            case BF16 -> widenBf16(src, dst, n);
            case F16 -> widenF16(src, dst, n);
            default -> throw new IllegalArgumentException("no float32 path for " + dtype);
        }
    }

    /** Rounds {@code n} floats at {@code src} to elements at {@code dst}, nearest even. */
    static void round(long src, long dst, DType dtype, int n) {
        switch (dtype) {
            case F32 -> MemorySegment.copy(ALL, src, ALL, dst, 4L * n);
            case BF16 -> roundBf16(src, dst, n);
            case F16 -> roundF16(src, dst, n);
            default -> throw new IllegalArgumentException("no float32 path for " + dtype);
        }
    }

    private static void widenBf16(long src, long dst, int n) {
        int i = 0;
        for (; i <= n - L; i += L) {
            IntVector bits =
                    (IntVector)
                            ShortVector.fromMemorySegment(HALF, ALL, src + 2L * i, ORDER)
                                    .convertShape(VectorOperators.ZERO_EXTEND_S2I, I, 0);
            bits.lanewise(VectorOperators.LSHL, 16).intoMemorySegment(ALL, dst + 4L * i, ORDER);
        }
        for (; i < n; i++) {
            Lanes.putFloat(dst + 4L * i, DType.bf16ToFloat(ALL.get(Lanes.SHORT, src + 2L * i)));
        }
    }

    private static void roundBf16(long src, long dst, int n) {
        int i = 0;
        for (; i <= n - L; i += L) {
            IntVector bits = IntVector.fromMemorySegment(I, ALL, src + 4L * i, ORDER);
            VectorMask<Integer> nan = bits.and(0x7fffffff).compare(VectorOperators.GT, 0x7f800000);
            IntVector odd = bits.lanewise(VectorOperators.LSHR, 16).and(1);
            IntVector rounded = bits.add(0x7fff).add(odd).blend(bits.or(0x400000), nan);
            ((ShortVector)
                            rounded.lanewise(VectorOperators.LSHR, 16)
                                    .convertShape(VectorOperators.I2S, HALF, 0))
                    .intoMemorySegment(ALL, dst + 2L * i, ORDER);
        }
        for (; i < n; i++) {
            ALL.set(Lanes.SHORT, dst + 2L * i, DType.floatToBf16(Lanes.getFloat(src + 4L * i)));
        }
    }

    private static void widenF16(long src, long dst, int n) {
        int i = 0;
        for (; i <= n - L; i += L) {
            IntVector h =
                    (IntVector)
                            ShortVector.fromMemorySegment(HALF, ALL, src + 2L * i, ORDER)
                                    .convertShape(VectorOperators.ZERO_EXTEND_S2I, I, 0);
            IntVector magnitude = h.and(0x7fff);
            IntVector value =
                    magnitude
                            .lanewise(VectorOperators.LSHL, 13)
                            .reinterpretAsFloats()
                            .mul(F16_REBIAS)
                            .reinterpretAsInts();
            VectorMask<Integer> special = magnitude.compare(VectorOperators.GE, 0x7c00);
            value = value.lanewise(VectorOperators.OR, 0x7f800000, special);
            value.or(h.and(0x8000).lanewise(VectorOperators.LSHL, 16))
                    .intoMemorySegment(ALL, dst + 4L * i, ORDER);
        }
        for (; i < n; i++) {
            Lanes.putFloat(dst + 4L * i, Float.float16ToFloat(ALL.get(Lanes.SHORT, src + 2L * i)));
        }
    }

    /**
     * Rounding to half without a conversion instruction: adding a power of two that depends on the
     * exponent shifts the fraction to its place, and the FPU rounds it to nearest even.
     */
    private static void roundF16(long src, long dst, int n) {
        int i = 0;
        for (; i <= n - L; i += L) {
            FloatVector x = FloatVector.fromMemorySegment(F, ALL, src + 4L * i, ORDER);
            IntVector bits = x.reinterpretAsInts();
            FloatVector base = x.abs().mul(F16_REBIAS).mul(0x1p-110f);
            IntVector twice = bits.add(bits);
            IntVector bias = twice.and(0xff000000);
            VectorMask<Integer> small = bias.compare(VectorOperators.ULT, 0x71000000);
            bias = bias.blend(0x71000000, small);
            base =
                    bias.lanewise(VectorOperators.LSHR, 1)
                            .add(0x07800000)
                            .reinterpretAsFloats()
                            .add(base);
            IntVector rounded = base.reinterpretAsInts();
            IntVector half =
                    rounded.lanewise(VectorOperators.LSHR, 13).and(0x7c00).add(rounded.and(0x0fff));
            VectorMask<Integer> nan = twice.compare(VectorOperators.UGT, 0xff000000);
            half = half.blend(0x7e00, nan).or(bits.lanewise(VectorOperators.LSHR, 16).and(0x8000));
            ((ShortVector) half.convertShape(VectorOperators.I2S, HALF, 0))
                    .intoMemorySegment(ALL, dst + 2L * i, ORDER);
        }
        for (; i < n; i++) {
            ALL.set(Lanes.SHORT, dst + 2L * i, Float.floatToFloat16(Lanes.getFloat(src + 4L * i)));
        }
    }
}
