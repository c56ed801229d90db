package io.sparktts.oracle;

/** The complementary error function in float64. */
public final class Erf {
    /** Below, the series converges fast; above, the continued fraction does. */
    private static final double SPLIT = 2;

    private static final int FRACTION_TERMS = 120;

    private Erf() {}

    /** {@code 1 - erf(x)}, without cancellation where it is small. */
    public static double erfc(double x) {
        if (x >= SPLIT) {
            return fraction(x);
        }
        return x <= -SPLIT ? 2 - fraction(-x) : 1 - series(x);
    }

    /** Abramowitz and Stegun 7.1.6, whose terms are all of one sign. */
    private static double series(double x) {
        double term = x;
        double sum = x;
        for (int n = 1; Math.abs(term) > Math.abs(sum) * 1e-17; n++) {
            term *= 2 * x * x / (2 * n + 1);
            sum += term;
        }
        return 2 / Math.sqrt(Math.PI) * Math.exp(-x * x) * sum;
    }

    /** Abramowitz and Stegun 7.1.14, from the inside out. */
    private static double fraction(double x) {
        double f = x;
        for (int n = FRACTION_TERMS; n > 0; n--) {
            f = x + n / 2.0 / f;
        }
        return Math.exp(-x * x) / Math.sqrt(Math.PI) / f;
    }
}
