package io.sparktts.tornado.kernel;

import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.vectors.Float8;

/** Functions of eight neighbours. */
public final class Float8s {
    /** Below it the exponential is 0. */
    private static final float LEAST = -104f;

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

    /**
     * {@code e^x} for {@code x <= 0}, good to two units. {@code x = f - k ln 2}; {@code e^f} by a
     * polynomial, {@code 2^-k} from a table: floats cannot be made of bits here.
     *
     * @param powers {@link #powers}
     */
    public static Float8 expOfNegative(Float8 x, FloatArray powers) {
        Float8 bounded =
                new Float8(
                        TornadoMath.max(x.getS0(), LEAST),
                        TornadoMath.max(x.getS1(), LEAST),
                        TornadoMath.max(x.getS2(), LEAST),
                        TornadoMath.max(x.getS3(), LEAST),
                        TornadoMath.max(x.getS4(), LEAST),
                        TornadoMath.max(x.getS5(), LEAST),
                        TornadoMath.max(x.getS6(), LEAST),
                        TornadoMath.max(x.getS7(), LEAST));
        Float8 octaves = Float8.add(Float8.mult(bounded, -LOG2_E), 0.5f);
        int k0 = (int) octaves.getS0();
        int k1 = (int) octaves.getS1();
        int k2 = (int) octaves.getS2();
        int k3 = (int) octaves.getS3();
        int k4 = (int) octaves.getS4();
        int k5 = (int) octaves.getS5();
        int k6 = (int) octaves.getS6();
        int k7 = (int) octaves.getS7();
        Float8 k = new Float8(k0, k1, k2, k3, k4, k5, k6, k7);
        Float8 f = Float8.add(bounded, Float8.mult(k, LN2_HIGH));
        f = Float8.add(f, Float8.mult(k, LN2_LOW));
        Float8 e = Float8.add(Float8.mult(f, 1f / 5040), 1f / 720);
        e = Float8.add(Float8.mult(e, f), 1f / 120);
        e = Float8.add(Float8.mult(e, f), 1f / 24);
        e = Float8.add(Float8.mult(e, f), 1f / 6);
        e = Float8.add(Float8.mult(e, f), 0.5f);
        e = Float8.add(Float8.mult(e, f), 1f);
        e = Float8.add(Float8.mult(e, f), 1f);
        Float8 power =
                new Float8(
                        powers.get(k0),
                        powers.get(k1),
                        powers.get(k2),
                        powers.get(k3),
                        powers.get(k4),
                        powers.get(k5),
                        powers.get(k6),
                        powers.get(k7));
        return Float8.mult(e, power);
    }

    /** {@code 2^-k} down to 0. */
    public static float[] powers() {
        float[] powers = new float[152];
        for (int k = 0; k < powers.length; k++) {
            powers[k] = (float) Math.pow(2, -k);
        }
        return powers;
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
        float y = TornadoMath.min(TornadoMath.max(-x, LEAST), 44f);
        int k = (int) (64.5f - y * LOG2_E);
        return x / (1f + expOfFraction(y, k - 64) * (0x1p64f * power(k)));
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

    /** {@code 2^-k} for k from 0 to 255, exactly, by one factor per bit of k. */
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
