package io.sparktts.vector;

import static io.sparktts.vector.Lanes.F;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/**
 * Functions of the codec in float32, made of fused multiply-adds and {@link Exp}. The polynomials
 * are minimax fits (Lawson's algorithm) of this project.
 */
// The constants are decimals that name the nearest float.
@SuppressWarnings("FloatingPointLiteralPrecision")
final class Elementary {
    private static final float INVERSE_PI = 0.318309886f;
    private static final float PI_HIGH = 3.140625f;
    private static final float PI_MIDDLE = 9.67502594e-4f;
    private static final float PI_LOW = 1.50995799e-7f;

    /** Adding it rounds to an integer. */
    private static final float ROUND = 0x1.8p23f;

    private static final float INVERSE_SQRT2 = 0.707106781f;
    private static final float ERFC_SCALE = 0.47f;

    private Elementary() {}

    /**
     * {@code sin(x)^2} within 3e-7 for {@code |x| < 1000}: multiples of pi are taken off, the sign
     * does not matter.
     */
    static FloatVector sinSquared(FloatVector x) {
        FloatVector n =
                x.fma(FloatVector.broadcast(F, INVERSE_PI), FloatVector.broadcast(F, ROUND))
                        .sub(ROUND);
        FloatVector r = n.fma(FloatVector.broadcast(F, -PI_HIGH), x);
        r = n.fma(FloatVector.broadcast(F, -PI_MIDDLE), r);
        r = n.fma(FloatVector.broadcast(F, -PI_LOW), r);
        FloatVector u = r.mul(r);
        FloatVector p = FloatVector.broadcast(F, 2.6075027e-6f);
        p = p.fma(u, FloatVector.broadcast(F, -1.9810518e-4f));
        p = p.fma(u, FloatVector.broadcast(F, 8.33308e-3f));
        p = p.fma(u, FloatVector.broadcast(F, -0.1666666f));
        FloatVector s = p.fma(u.mul(r), r);
        return s.mul(s);
    }

    /**
     * {@code 0.5 x erfc(-x / sqrt(2))} within 2e-7 of {@code |x|}: erfc is exp of the square times
     * a polynomial in {@code 1 / (1 + 0.47 z)}, so that no digits cancel where it is small.
     */
    static FloatVector gelu(FloatVector x) {
        FloatVector z = x.abs().mul(INVERSE_SQRT2);
        FloatVector t =
                FloatVector.broadcast(F, 1f)
                        .div(
                                z.fma(
                                        FloatVector.broadcast(F, ERFC_SCALE),
                                        FloatVector.broadcast(F, 1f)));
        FloatVector p = FloatVector.broadcast(F, -0.053267393f);
        p = p.fma(t, FloatVector.broadcast(F, 0.3000501f));
        p = p.fma(t, FloatVector.broadcast(F, -0.6365602f));
        p = p.fma(t, FloatVector.broadcast(F, 0.55796957f));
        p = p.fma(t, FloatVector.broadcast(F, -0.19576931f));
        p = p.fma(t, FloatVector.broadcast(F, 0.28255498f));
        p = p.fma(t, FloatVector.broadcast(F, 0.21139194f));
        p = p.fma(t, FloatVector.broadcast(F, 0.2687481f));
        p = p.fma(t, FloatVector.broadcast(F, 0.2648715f));
        p = p.fma(t, FloatVector.broadcast(F, 1.0711152e-5f));
        FloatVector tail = x.mul(0.5f).mul(p).mul(Exp.exp(z.mul(z).neg()));
        VectorMask<Float> negative = x.compare(VectorOperators.LT, 0f);
        return x.sub(tail).blend(tail, negative);
    }
}
