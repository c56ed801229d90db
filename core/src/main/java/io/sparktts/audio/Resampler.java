package io.sparktts.audio;

import org.jspecify.annotations.Nullable;

/**
 * Changes the sample rate by a rational factor with a long sinc under a Kaiser window, in double
 * precision: flat up to 95% of the lower of the two Nyquist frequencies, 120 dB down from that
 * frequency on. It delays nothing; beyond both ends the sound is taken to be zero.
 *
 * <p>The reference program uses soxr's "VHQ" here, which no other resampler reproduces bit by bit.
 */
public final class Resampler {
    private static final double ATTENUATION_DECIBEL = 120;

    /** Width of the transition, as a part of the lower Nyquist frequency. */
    private static final double TRANSITION = 0.05;

    /** Kaiser's formulas for the window's shape and the filter's length. */
    private static final double BETA = 0.1102 * (ATTENUATION_DECIBEL - 8.7);

    private static final double HALF_PERIODS =
            (ATTENUATION_DECIBEL - 7.95) / (2.285 * Math.PI * TRANSITION) / 2;

    /** Coefficients of all phases are kept up to this number, otherwise computed when needed. */
    private static final long MAX_KEPT = 1 << 22;

    /** Steps of the window's table; cubic interpolation between them is exact to 1e-12. */
    private static final int WINDOW_STEPS = 4096;

    private static final double[] WINDOW = window();

    private final int up;
    private final int down;

    /** Cut-off in units of the input's Nyquist frequency. */
    private final double cutOff;

    /** Length of the filter to one side, in input samples. */
    private final int half;

    private final double @Nullable [][] kept;

    private Resampler(int from, int to) {
        int divisor = gcd(from, to);
        up = to / divisor;
        down = from / divisor;
        double lower = Math.min(1, (double) to / from);
        cutOff = lower * (1 - TRANSITION / 2);
        half = (int) Math.ceil(HALF_PERIODS / lower);
        kept = 2L * half * up <= MAX_KEPT ? new double[up][] : null;
    }

    /**
     * Resamples to {@code rate}.
     *
     * @return {@code round(n * rate / sampleRate)} samples; {@code audio} itself if it has that
     *     rate
     * @throws AudioException if {@code rate} is not a valid sample rate or the result is too long
     */
    public static Audio resample(Audio audio, int rate) {
        if (!Audio.isSampleRate(rate)) {
            throw new AudioException(Audio.sampleRateProblem(rate));
        }
        if (rate == audio.sampleRate()) {
            return audio;
        }
        return new Audio(new Resampler(audio.sampleRate(), rate).apply(audio.samples()), rate);
    }

    private double[] apply(double[] x) {
        long length = (2L * x.length * up + down) / (2L * down);
        if (length > Integer.MAX_VALUE - 8) {
            throw new AudioException(length + " resampled samples are too many");
        }
        double[] y = new double[(int) length];
        double[] scratch = new double[2 * half];
        for (int n = 0; n < y.length; n++) {
            long position = (long) n * down;
            double[] taps = taps((int) (position % up), scratch);
            // input sample of the first tap
            int first = (int) (position / up) - half + 1;
            int end = Math.min(taps.length, x.length - first);
            double sum = 0;
            for (int k = Math.max(0, -first); k < end; k++) {
                sum += taps[k] * x[first + k];
            }
            y[n] = sum;
        }
        return y;
    }

    /** The coefficients for an output that lies {@code phase / up} after an input sample. */
    private double[] taps(int phase, double[] scratch) {
        if (kept == null) {
            return fill(scratch, phase);
        }
        if (kept[phase] == null) {
            kept[phase] = fill(new double[2 * half], phase);
        }
        return kept[phase];
    }

    private double[] fill(double[] taps, int phase) {
        double fraction = (double) phase / up;
        // sin(a + k b) by rotation: one pair of sines per row instead of one sine per tap
        double angle = Math.PI * cutOff;
        double begin = (1 - half - fraction) * angle;
        double sin = Math.sin(begin);
        double cos = Math.cos(begin);
        double stepSin = Math.sin(angle);
        double stepCos = Math.cos(angle);
        for (int k = 0; k < taps.length; k++) {
            double t = k + 1 - half - fraction;
            double sinc = Math.abs(t) < 1e-9 ? cutOff : sin / (Math.PI * t);
            taps[k] = sinc * windowAt(Math.abs(t) / half);
            double turned = sin * stepCos + cos * stepSin;
            cos = cos * stepCos - sin * stepSin;
            sin = turned;
        }
        return taps;
    }

    /** The window at {@code u} of its half length: cubic interpolation between four steps. */
    private static double windowAt(double u) {
        double at = u * WINDOW_STEPS;
        int i = Math.min((int) at, WINDOW_STEPS - 1);
        double f = at - i;
        double a = WINDOW[i];
        double b = WINDOW[i + 1];
        double c = WINDOW[i + 2];
        double d = WINDOW[i + 3];
        return b
                + f / 6 * (-2 * a - 3 * b + 6 * c - d)
                + f * f / 2 * (a - 2 * b + c)
                + f * f * f / 6 * (d - a + 3 * (b - c));
    }

    /** Entry {@code i} is the Kaiser window at step {@code i - 1}, with one more at either end. */
    private static double[] window() {
        double[] w = new double[WINDOW_STEPS + 3];
        for (int i = 0; i < w.length; i++) {
            double u = (i - 1.0) / WINDOW_STEPS;
            w[i] = besselOfSquare(BETA * BETA * (1 - u * u)) / besselOfSquare(BETA * BETA);
        }
        return w;
    }

    /**
     * The modified Bessel function {@code I0} of the root of {@code z}, by its power series, which
     * also continues it past the window's end, where {@code z < 0}.
     */
    private static double besselOfSquare(double z) {
        double sum = 1;
        double term = 1;
        for (int k = 1; Math.abs(term) > 1e-17 * sum; k++) {
            term *= z / (4.0 * k * k);
            sum += term;
        }
        return sum;
    }

    private static int gcd(int a, int b) {
        return b == 0 ? a : gcd(b, a % b);
    }
}
