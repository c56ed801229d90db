package io.sparktts.vector;

import static io.sparktts.vector.Lanes.F;
import static io.sparktts.vector.Lanes.I;
import static io.sparktts.vector.Lanes.L;
import static io.sparktts.vector.Lanes.ORDER;
import static io.sparktts.vector.Lanes.PANEL;

import io.sparktts.backend.DType;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

import java.lang.foreign.MemorySegment;

/** Packed weights, widened in registers: a whole panel times one row, and a panel to float32. */
final class Widen {
    private static final int HIGH = 0xffff0000;
    private static final int SIGN = 0x80000000;
    private static final int MAGNITUDE = 0x7fff0000;
    private static final float F16_REBIAS = 0x1p112f;

    /**
     * The part of the rebias that the row carries: enough to keep products normal, not so much that
     * they overflow.
     */
    private static final float F16_ROW_FACTOR = 0x1p100f;

    private Widen() {}

    /**
     * What a row must be multiplied by before {@link #matVec}: most of the rebias of half
     * exponents, else 1.
     */
    static float rowFactor(DType dtype) {
        return dtype == DType.F16 ? F16_ROW_FACTOR : 1;
    }

    /**
     * {@code out[PANEL] = sum over k of x[k] * panel[k]}: one row of decode, bound by reading the
     * panel.
     *
     * @param panel byte offset of the panel in {@code weights}
     * @param outAt where the result goes in {@code out}
     */
    static void matVec(
            DType dtype,
            MemorySegment weights,
            long panel,
            float[] x,
            int k,
            float[] out,
            int outAt) {
        switch (dtype) {
            case BF16 -> matVecBf16(weights, panel, x, k, out, outAt);
            case F16 -> matVecF16(weights, panel, x, k, out, outAt);
            default -> matVecF32(weights, panel, x, k, out, outAt);
        }
    }

    /**
     * Four steps at a time: eight independent sums keep enough loads under way to follow the
     * memory.
     */
    private static void matVecBf16(
            MemorySegment weights, long panel, float[] x, int k, float[] out, int outAt) {
        FloatVector lo0 = FloatVector.zero(F);
        FloatVector hi0 = FloatVector.zero(F);
        FloatVector lo1 = FloatVector.zero(F);
        FloatVector hi1 = FloatVector.zero(F);
        FloatVector lo2 = FloatVector.zero(F);
        FloatVector hi2 = FloatVector.zero(F);
        FloatVector lo3 = FloatVector.zero(F);
        FloatVector hi3 = FloatVector.zero(F);
        int i = 0;
        for (; i < k - 3; i += 4) {
            long at = panel + 4L * L * i;
            IntVector w0 = IntVector.fromMemorySegment(I, weights, at, ORDER);
            IntVector w1 = IntVector.fromMemorySegment(I, weights, at + 4L * L, ORDER);
            IntVector w2 = IntVector.fromMemorySegment(I, weights, at + 8L * L, ORDER);
            IntVector w3 = IntVector.fromMemorySegment(I, weights, at + 12L * L, ORDER);
            FloatVector b0 = FloatVector.broadcast(F, x[i]);
            FloatVector b1 = FloatVector.broadcast(F, x[i + 1]);
            FloatVector b2 = FloatVector.broadcast(F, x[i + 2]);
            FloatVector b3 = FloatVector.broadcast(F, x[i + 3]);
            lo0 = w0.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().fma(b0, lo0);
            hi0 = w0.and(HIGH).reinterpretAsFloats().fma(b0, hi0);
            lo1 = w1.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().fma(b1, lo1);
            hi1 = w1.and(HIGH).reinterpretAsFloats().fma(b1, hi1);
            lo2 = w2.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().fma(b2, lo2);
            hi2 = w2.and(HIGH).reinterpretAsFloats().fma(b2, hi2);
            lo3 = w3.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().fma(b3, lo3);
            hi3 = w3.and(HIGH).reinterpretAsFloats().fma(b3, hi3);
        }
        for (; i < k; i++) {
            IntVector w0 = IntVector.fromMemorySegment(I, weights, panel + 4L * L * i, ORDER);
            FloatVector b0 = FloatVector.broadcast(F, x[i]);
            lo0 = w0.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().fma(b0, lo0);
            hi0 = w0.and(HIGH).reinterpretAsFloats().fma(b0, hi0);
        }
        lo0.add(lo1).add(lo2.add(lo3)).intoArray(out, outAt);
        hi0.add(hi1).add(hi2.add(hi3)).intoArray(out, outAt + L);
    }

    private static void matVecF16(
            MemorySegment weights, long panel, float[] x, int k, float[] out, int outAt) {
        FloatVector lo = FloatVector.zero(F);
        FloatVector hi = FloatVector.zero(F);
        for (int i = 0; i < k; i++) {
            IntVector w = IntVector.fromMemorySegment(I, weights, panel + 4L * L * i, ORDER);
            FloatVector b = FloatVector.broadcast(F, x[i]);
            IntVector low = w.lanewise(VectorOperators.LSHL, 16);
            lo =
                    low.and(MAGNITUDE)
                            .lanewise(VectorOperators.LSHR, 3)
                            .or(low.and(SIGN))
                            .reinterpretAsFloats()
                            .fma(b, lo);
            hi =
                    w.and(MAGNITUDE)
                            .lanewise(VectorOperators.LSHR, 3)
                            .or(w.and(SIGN))
                            .reinterpretAsFloats()
                            .fma(b, hi);
        }
        lo.mul(F16_REBIAS / F16_ROW_FACTOR).intoArray(out, outAt);
        hi.mul(F16_REBIAS / F16_ROW_FACTOR).intoArray(out, outAt + L);
    }

    private static void matVecF32(
            MemorySegment weights, long panel, float[] x, int k, float[] out, int outAt) {
        FloatVector lo0 = FloatVector.zero(F);
        FloatVector hi0 = FloatVector.zero(F);
        FloatVector lo1 = FloatVector.zero(F);
        FloatVector hi1 = FloatVector.zero(F);
        int i = 0;
        for (; i < k - 1; i += 2) {
            long at = panel + 8L * L * i;
            FloatVector b0 = FloatVector.broadcast(F, x[i]);
            FloatVector b1 = FloatVector.broadcast(F, x[i + 1]);
            lo0 = FloatVector.fromMemorySegment(F, weights, at, ORDER).fma(b0, lo0);
            hi0 = FloatVector.fromMemorySegment(F, weights, at + 4L * L, ORDER).fma(b0, hi0);
            lo1 = FloatVector.fromMemorySegment(F, weights, at + 8L * L, ORDER).fma(b1, lo1);
            hi1 = FloatVector.fromMemorySegment(F, weights, at + 12L * L, ORDER).fma(b1, hi1);
        }
        if (i < k) {
            long at = panel + 8L * L * i;
            FloatVector b0 = FloatVector.broadcast(F, x[i]);
            lo0 = FloatVector.fromMemorySegment(F, weights, at, ORDER).fma(b0, lo0);
            hi0 = FloatVector.fromMemorySegment(F, weights, at + 4L * L, ORDER).fma(b0, hi0);
        }
        lo0.add(lo1).intoArray(out, outAt);
        hi0.add(hi1).intoArray(out, outAt + L);
    }

    /** Widens {@code k} steps of a packed panel to float32 {@code [k][PANEL]}. Exact. */
    static void panel(DType dtype, MemorySegment weights, long panel, int k, float[] out) {
        switch (dtype) {
            case BF16 -> {
                for (int i = 0; i < k; i++) {
                    IntVector w =
                            IntVector.fromMemorySegment(I, weights, panel + 4L * L * i, ORDER);
                    w.lanewise(VectorOperators.LSHL, 16)
                            .reinterpretAsFloats()
                            .intoArray(out, i * PANEL);
                    w.and(HIGH).reinterpretAsFloats().intoArray(out, i * PANEL + L);
                }
            }
            case F16 -> {
                for (int i = 0; i < k; i++) {
                    IntVector w =
                            IntVector.fromMemorySegment(I, weights, panel + 4L * L * i, ORDER);
                    IntVector low = w.lanewise(VectorOperators.LSHL, 16);
                    low.and(MAGNITUDE)
                            .lanewise(VectorOperators.LSHR, 3)
                            .or(low.and(SIGN))
                            .reinterpretAsFloats()
                            .mul(F16_REBIAS)
                            .intoArray(out, i * PANEL);
                    w.and(MAGNITUDE)
                            .lanewise(VectorOperators.LSHR, 3)
                            .or(w.and(SIGN))
                            .reinterpretAsFloats()
                            .mul(F16_REBIAS)
                            .intoArray(out, i * PANEL + L);
                }
            }
            default -> MemorySegment.copy(weights, Lanes.FLOAT, panel, out, 0, k * PANEL);
        }
    }
}
