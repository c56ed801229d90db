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

    /** {@link Functions#sinSquared}. */
    public static Float8 sinSquared(Float8 x) {
        Float8 r =
                new Float8(
                        Functions.withinQuarterTurn(x.getS0()),
                        Functions.withinQuarterTurn(x.getS1()),
                        Functions.withinQuarterTurn(x.getS2()),
                        Functions.withinQuarterTurn(x.getS3()),
                        Functions.withinQuarterTurn(x.getS4()),
                        Functions.withinQuarterTurn(x.getS5()),
                        Functions.withinQuarterTurn(x.getS6()),
                        Functions.withinQuarterTurn(x.getS7()));
        Float8 z = Float8.mult(r, r);
        Float8 p = Float8.add(Float8.mult(z, Functions.SINE_9), Functions.SINE_7);
        p = Float8.add(Float8.mult(p, z), Functions.SINE_5);
        p = Float8.add(Float8.mult(p, z), Functions.SINE_3);
        Float8 s = Float8.add(r, Float8.mult(Float8.mult(r, z), p));
        return Float8.mult(s, s);
    }

    /**
     * {@link Functions#gelu}.
     *
     * @param powers {@link #powers}
     */
    public static Float8 gelu(Float8 x, FloatArray powers) {
        Float8 a =
                new Float8(
                        Functions.bounded(x.getS0()),
                        Functions.bounded(x.getS1()),
                        Functions.bounded(x.getS2()),
                        Functions.bounded(x.getS3()),
                        Functions.bounded(x.getS4()),
                        Functions.bounded(x.getS5()),
                        Functions.bounded(x.getS6()),
                        Functions.bounded(x.getS7()));
        Float8 high =
                new Float8(
                        Functions.leading(a.getS0()),
                        Functions.leading(a.getS1()),
                        Functions.leading(a.getS2()),
                        Functions.leading(a.getS3()),
                        Functions.leading(a.getS4()),
                        Functions.leading(a.getS5()),
                        Functions.leading(a.getS6()),
                        Functions.leading(a.getS7()));
        Float8 positive =
                new Float8(
                        TornadoMath.max(x.getS0(), 0f),
                        TornadoMath.max(x.getS1(), 0f),
                        TornadoMath.max(x.getS2(), 0f),
                        TornadoMath.max(x.getS3(), 0f),
                        TornadoMath.max(x.getS4(), 0f),
                        TornadoMath.max(x.getS5(), 0f),
                        TornadoMath.max(x.getS6(), 0f),
                        TornadoMath.max(x.getS7(), 0f));
        Float8 low = Float8.mult(Float8.sub(a, high), Float8.add(a, high));
        Float8 bell =
                Float8.mult(
                        expOfNegative(Float8.mult(Float8.mult(high, high), -0.5f), powers),
                        expOfNegative(Float8.mult(low, -0.5f), powers));
        Float8 q = Float8.div(Float8.sub(a, 4f), Float8.add(a, 4f));
        Float8 t = Float8.add(Float8.mult(q, Functions.TAIL_10), Functions.TAIL_9);
        t = Float8.add(Float8.mult(t, q), Functions.TAIL_8);
        t = Float8.add(Float8.mult(t, q), Functions.TAIL_7);
        t = Float8.add(Float8.mult(t, q), Functions.TAIL_6);
        t = Float8.add(Float8.mult(t, q), Functions.TAIL_5);
        t = Float8.add(Float8.mult(t, q), Functions.TAIL_4);
        t = Float8.add(Float8.mult(t, q), Functions.TAIL_3);
        t = Float8.add(Float8.mult(t, q), Functions.TAIL_2);
        t = Float8.add(Float8.mult(t, q), Functions.TAIL_1);
        t = Float8.add(Float8.mult(t, q), Functions.TAIL_0);
        return Float8.sub(positive, Float8.mult(Float8.mult(a, t), bell));
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
