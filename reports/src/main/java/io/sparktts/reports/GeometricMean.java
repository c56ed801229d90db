package io.sparktts.reports;

import java.util.List;

/** The mean of ratios. An arithmetic mean of speedups favours whichever side is the denominator. */
final class GeometricMean {
    private GeometricMean() {}

    /** The n-th root of the product; NaN for no values. */
    static double of(List<Double> ratios) {
        double logs = 0;
        for (double ratio : ratios) {
            if (!(ratio > 0)) {
                throw new IllegalArgumentException("not a positive ratio: " + ratio);
            }
            logs += Math.log(ratio);
        }
        return Math.exp(logs / ratios.size());
    }
}
