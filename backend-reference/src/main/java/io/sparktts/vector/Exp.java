package io.sparktts.vector;

import static io.sparktts.vector.Lanes.F;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/**
 * The exponential function in float32, within 1.5 units in the last place: range reduction by ln 2
 * and the polynomial of Cephes' expf (Moshier 1989). Unlike {@code VectorOperators.EXP} it gives
 * the same bits interpreted and compiled, for it is made of exact fused multiply-adds.
 */
// The constants are the published decimals, which name the nearest float.
@SuppressWarnings("FloatingPointLiteralPrecision")
final class Exp {
    /** Below, the result is 0; no result is subnormal. */
    private static final float LOWEST = -86f;

    private static final float HIGHEST = 88f;
    private static final float LOG2_E = 1.442695041f;
    private static final float LN2_HIGH = 0.693359375f;
    private static final float LN2_LOW = -2.12194440e-4f;

    /** Adding it rounds to an integer, which the low bits then hold. */
    private static final float ROUND = 0x1.8p23f;

    private Exp() {}

    static FloatVector exp(FloatVector v) {
        VectorMask<Float> zero = v.compare(VectorOperators.LT, LOWEST);
        FloatVector x = v.max(LOWEST).min(HIGHEST);
        FloatVector shifted =
                x.fma(FloatVector.broadcast(F, LOG2_E), FloatVector.broadcast(F, ROUND));
        IntVector exponent = shifted.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23);
        FloatVector n = shifted.sub(ROUND);
        FloatVector r = n.fma(FloatVector.broadcast(F, -LN2_HIGH), x);
        r = n.fma(FloatVector.broadcast(F, -LN2_LOW), r);
        FloatVector p = FloatVector.broadcast(F, 1.9875691500e-4f);
        p = p.fma(r, FloatVector.broadcast(F, 1.3981999507e-3f));
        p = p.fma(r, FloatVector.broadcast(F, 8.3334519073e-3f));
        p = p.fma(r, FloatVector.broadcast(F, 4.1665795894e-2f));
        p = p.fma(r, FloatVector.broadcast(F, 1.6666665459e-1f));
        p = p.fma(r, FloatVector.broadcast(F, 5.0000001201e-1f));
        p = p.fma(r.mul(r), r).add(1f);
        return p.reinterpretAsInts().add(exponent).reinterpretAsFloats().blend(0f, zero);
    }
}
