package io.sparktts.tornado.kernel;

import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.vectors.Float8;

/** Functions of eight neighbours. */
public final class Float8s {
    private static final float LOG2_E = 1.442695f;
    private static final float LN2_HIGH = 355f / 512;
    private static final float LN2_LOW = -2.1219444e-4f;

    private Float8s() {}

    public static float sum(Float8 a) {
        return ((a.getS0() + a.getS1()) + (a.getS2() + a.getS3()))
                + ((a.getS4() + a.getS5()) + (a.getS6() + a.getS7()));
    }

    public static float max(Float8 a) {
        return TornadoMath.max(
                TornadoMath.max(
                        TornadoMath.max(a.getS0(), a.getS1()),
                        TornadoMath.max(a.getS2(), a.getS3())),
                TornadoMath.max(
                        TornadoMath.max(a.getS4(), a.getS5()),
                        TornadoMath.max(a.getS6(), a.getS7())));
    }

    /** {@code e^x} for {@code x <= 0}, good to two units. */
    public static Float8 expOfNegative(Float8 x) {
        return new Float8(
                expOfNegative(x.getS0()),
                expOfNegative(x.getS1()),
                expOfNegative(x.getS2()),
                expOfNegative(x.getS3()),
                expOfNegative(x.getS4()),
                expOfNegative(x.getS5()),
                expOfNegative(x.getS6()),
                expOfNegative(x.getS7()));
    }

    /** {@code x / (1 + e^-x)}. */
    public static Float8 silu(Float8 x) {
        return new Float8(
                silu(x.getS0()),
                silu(x.getS1()),
                silu(x.getS2()),
                silu(x.getS3()),
                silu(x.getS4()),
                silu(x.getS5()),
                silu(x.getS6()),
                silu(x.getS7()));
    }

    /**
     * {@code x / (1 + e^-x)}; where the exponential is bounded, the quotient is nothing already.
     */
    public static float silu(float x) {
        float y = TornadoMath.min(TornadoMath.max(-x, -104f), 44f);
        int k = (int) (64.5f - y * LOG2_E);
        return x / (1f + expOfFraction(y, k - 64) * (0x1p64f * power(k)));
    }

    /**
     * {@code e^x} for {@code x <= 0}, without calls and branches, so that the device's compiler
     * makes a vector of eight in a row. {@code x = f - k ln 2}.
     */
    public static float expOfNegative(float x) {
        float bounded = TornadoMath.max(x, -104f);
        int k = (int) (0.5f - bounded * LOG2_E);
        return expOfFraction(bounded, k) * power(k);
    }

    /** {@code e^(x + k ln 2)}, which is within half an octave of 1. */
    private static float expOfFraction(float x, int k) {
        float f = x + k * LN2_HIGH + k * LN2_LOW;
        float e = 1f / 5040;
        e = e * f + 1f / 720;
        e = e * f + 1f / 120;
        e = e * f + 1f / 24;
        e = e * f + 1f / 6;
        e = e * f + 0.5f;
        e = e * f + 1f;
        return e * f + 1f;
    }

    /**
     * {@code 2^-k} for k from 0 to 255, exactly: floats cannot be made of bits here, so one factor
     * per bit of k.
     */
    private static float power(int k) {
        float f5 = bit(k >> 5, 1f - 0x1p-16f);
        float f6 = bit(k >> 6, 1f - 0x1p-16f);
        float f7 = bit(k >> 7, 1f - 0x1p-16f);
        float f66 = f6 * f6;
        float f77 = f7 * f7;
        float f7777 = f77 * f77;
        return bit(k, 0.5f)
                * bit(k >> 1, 0.75f)
                * bit(k >> 2, 1f - 0x1p-4f)
                * bit(k >> 3, 1f - 0x1p-8f)
                * bit(k >> 4, 1f - 0x1p-16f)
                * (f5 * f5)
                * (f66 * f66)
                * (f7777 * f7777);
    }

    /** 1, or for an odd k {@code 1 - less}. */
    private static float bit(int k, float less) {
        return 1f - (k & 1) * less;
    }
}
