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

    private Functions() {}

    /** {@code 1 / (1 + e^-x)}. */
    public static float sigmoid(float x) {
        return 1f / (1f + TornadoMath.exp(-x));
    }

    /** Hyperbolic tangent: an odd polynomial near 0, {@code 1 - 2 / (e^2a + 1)} from there. */
    public static float tanh(float x) {
        float a = TornadoMath.min(TornadoMath.abs(x), FAR);
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
        float a = TornadoMath.min(TornadoMath.abs(x), FAR);
        float q = (a - 4f) / (a + 4f);
        float p = 1.5345751e-5f;
        p = p * q - 4.1105523e-5f;
        p = p * q - 1.7402023e-4f;
        p = p * q + 6.368362e-4f;
        p = p * q + 5.0202693e-4f;
        p = p * q - 0.008491521f;
        p = p * q + 0.030865807f;
        p = p * q - 0.0717075f;
        p = p * q + 0.1243792f;
        p = p * q - 0.17039771f;
        p = p * q + 0.09441064f;
        return TornadoMath.max(x, 0f) - a * p * bell(a);
    }

    /** {@code e^(-a^2/2)}; of {@code a}'s leading bits, whose square is exact, and the others. */
    private static float bell(float a) {
        int steps = (int) (a * 16f);
        float high = steps * 0.0625f;
        float low = (a - high) * (a + high);
        return TornadoMath.exp(-0.5f * high * high) * TornadoMath.exp(-0.5f * low);
    }

    /**
     * {@code sin(x)^2}, whose period is pi: {@code x} less its multiple of pi is exact in integers
     * of 2^-40, then an odd polynomial makes the sine of a quarter turn. OpenCL's code generator
     * takes a cast to long for one to int.
     */
    public static float sinSquared(float x) {
        float a = TornadoMath.min(TornadoMath.abs(x), MOST_RADIANS);
        int turns = (int) (a * INVERSE_PI + 0.5f);
        int whole = (int) a;
        int fraction = (int) ((a - whole) * 0x1p30f);
        long rest = ((long) whole << 40) + ((long) fraction << 10) - turns * PI;
        float r = turns == 0 ? a : rest * 0x1p-40f;
        float z = r * r;
        float p = 2.6056273e-6f;
        p = p * z - 1.9809537e-4f;
        p = p * z + 0.008333066f;
        p = p * z - 0.1666666f;
        float s = r + r * z * p;
        return s * s;
    }
}
