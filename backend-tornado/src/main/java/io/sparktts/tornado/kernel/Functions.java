package io.sparktts.tornado.kernel;

import uk.ac.manchester.tornado.api.math.TornadoMath;

/**
 * Functions of one element in float32, good to a few units on every device: made of {@code exp} and
 * integers alone, since some code generators know sine and hyperbolic tangent as approximations
 * only. Where terms cancel, an integer stands between them, which compilers that reorder sums of
 * floats respect.
 */
public final class Functions {
    /** Beyond it the normal distribution's tail is 0 in float32, and {@code e^-x} is nothing. */
    private static final float FAR = 20f;

    /** Above, tanh from the exponential loses nothing. */
    private static final float TANH_SPLIT = 0.6f;

    /** Beyond it neighbours lie half a radian apart. */
    private static final float MOST_RADIANS = 0x1p22f;

    private static final float INVERSE_PI = 0.31830987f;

    /** Pi in units of 2^-40. */
    private static final long PI = 3454217652358L;

    /** {@link #gelu}'s tail, of the power 0. */
    static final float TAIL_0 = 0.09441064f;

    static final float TAIL_1 = -0.17039771f;
    static final float TAIL_2 = 0.1243792f;
    static final float TAIL_3 = -0.0717075f;
    static final float TAIL_4 = 0.030865807f;
    static final float TAIL_5 = -0.008491521f;
    static final float TAIL_6 = 5.0202693e-4f;
    static final float TAIL_7 = 6.368362e-4f;
    static final float TAIL_8 = -1.7402023e-4f;
    static final float TAIL_9 = -4.1105523e-5f;
    static final float TAIL_10 = 1.5345751e-5f;

    /** Sine up to a quarter turn: the coefficient of {@code x^3}. */
    static final float SINE_3 = -0.1666666f;

    static final float SINE_5 = 0.008333066f;
    static final float SINE_7 = -1.9809537e-4f;
    static final float SINE_9 = 2.6056273e-6f;

    private Functions() {}

    /** {@code 1 / (1 + e^-x)}. */
    public static float sigmoid(float x) {
        return 1f / (1f + TornadoMath.exp(-x));
    }

    /** {@code gate sigmoid(gate) up}. */
    public static float siluMul(float gate, float up) {
        return gate / (1f + TornadoMath.exp(-gate)) * up;
    }

    /** Hyperbolic tangent: an odd polynomial near 0, {@code 1 - 2 / (e^2a + 1)} from there. */
    public static float tanh(float x) {
        float a = bounded(x);
        float z = a * a;
        float p = 0.015612472f;
        p = p * z - 0.05221171f;
        p = p * z + 0.13313115f;
        p = p * z - 0.33332598f;
        float near = a + a * z * p;
        float far = 1f - 2f / (TornadoMath.exp(2f * a) + 1f);
        float t = a < TANH_SPLIT ? near : far;
        return x < 0f ? -t : t;
    }

    /**
     * {@code x Phi(x)}, the exact GELU, as {@code max(x, 0) - a Q(a)} of {@code a = |x|}, whose
     * tail {@code Q} keeps its relative precision. {@code Q(a) e^(a^2/2)}, half the scaled
     * complementary error function, is a polynomial in {@code (a - 4) / (a + 4)} (Shepherd and
     * Laframboise 1981).
     */
    public static float gelu(float x) {
        float a = bounded(x);
        float q = (a - 4f) / (a + 4f);
        float t = TAIL_10;
        t = t * q + TAIL_9;
        t = t * q + TAIL_8;
        t = t * q + TAIL_7;
        t = t * q + TAIL_6;
        t = t * q + TAIL_5;
        t = t * q + TAIL_4;
        t = t * q + TAIL_3;
        t = t * q + TAIL_2;
        t = t * q + TAIL_1;
        t = t * q + TAIL_0;
        float high = leading(a);
        float low = (a - high) * (a + high);
        float bell = TornadoMath.exp(-0.5f * high * high) * TornadoMath.exp(-0.5f * low);
        return TornadoMath.max(x, 0f) - a * t * bell;
    }

    /** {@code |x|}, or where nothing changes any more. */
    static float bounded(float x) {
        return TornadoMath.min(TornadoMath.abs(x), FAR);
    }

    /** The bits of {@code a} down to 2^-4, whose square is exact. */
    static float leading(float a) {
        int steps = (int) (a * 16f);
        return steps * 0.0625f;
    }

    /** {@code sin(x)^2}: an odd polynomial makes the sine of a quarter turn. */
    public static float sinSquared(float x) {
        float r = withinQuarterTurn(x);
        float z = r * r;
        float p = SINE_9;
        p = p * z + SINE_7;
        p = p * z + SINE_5;
        p = p * z + SINE_3;
        float s = r + r * z * p;
        return s * s;
    }

    /**
     * {@code |x|} less its multiple of pi, in integers of 2^-40 and therefore exact; without a
     * branch, of which code generators make no vectors. OpenCL's takes a cast to long for one to
     * int.
     */
    static float withinQuarterTurn(float x) {
        float a = TornadoMath.min(TornadoMath.abs(x), MOST_RADIANS);
        int turns = (int) (a * INVERSE_PI + 0.5f);
        int whole = (int) a;
        int fraction = (int) ((a - whole) * 0x1p30f);
        long rest = ((long) whole << 40) + ((long) fraction << 10) - turns * PI;
        int reduced = Math.min(turns, 1);
        return reduced * (rest * 0x1p-40f) + (1 - reduced) * a;
    }
}
