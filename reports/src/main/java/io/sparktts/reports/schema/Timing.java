package io.sparktts.reports.schema;

import java.util.Arrays;
import java.util.List;

/**
 * Samples of one call's duration in nanoseconds, with the order statistics that summarise them.
 * There is no mean: a few slow samples would own it.
 */
public record Timing(
        double medianNanos,
        double p25Nanos,
        double p75Nanos,
        double minNanos,
        int count,
        List<Long> samplesNanos) {

    public Timing {
        samplesNanos = samplesNanos == null ? List.of() : List.copyOf(samplesNanos);
    }

    /** Summarises samples in nanoseconds, kept in the order they were taken. */
    public static Timing of(long[] samplesNanos) {
        if (samplesNanos.length == 0) {
            throw new IllegalArgumentException("a timing needs at least one sample");
        }
        long[] sorted = samplesNanos.clone();
        Arrays.sort(sorted);
        return new Timing(
                quantile(sorted, 0.5),
                quantile(sorted, 0.25),
                quantile(sorted, 0.75),
                sorted[0],
                sorted.length,
                Arrays.stream(samplesNanos).boxed().toList());
    }

    /** Interpolates linearly between the two closest ranks, as NumPy does by default. */
    static double quantile(long[] sorted, double fraction) {
        double position = fraction * (sorted.length - 1);
        int below = (int) Math.floor(position);
        int above = Math.min(below + 1, sorted.length - 1);
        return sorted[below] + (position - below) * (double) (sorted[above] - sorted[below]);
    }

    public double medianMillis() {
        return medianNanos / 1e6;
    }
}
