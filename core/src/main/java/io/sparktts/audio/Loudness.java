package io.sparktts.audio;

import java.util.Arrays;

/** Loudness normalisation of a reference clip as in the published program. */
public final class Loudness {
    /** Volume that the published pipeline aims at. */
    private static final double TARGET = 0.2;

    /** Clips whose peak is below are first raised to it. */
    private static final double QUIET_PEAK = 0.1;

    /** The peak that the quietest clips are taken to have, so that silence stays silent. */
    private static final double LEAST_PEAK = 1e-3;

    /** Amplitudes that count as sound. */
    private static final double SOUND = 0.01;

    /** As few loud samples as this say nothing about volume. */
    private static final int FEW = 10;

    private Loudness() {}

    /**
     * Scales so that the mean of the loud amplitudes, those between the 90th and the 99th
     * percentile of what exceeds 0.01, becomes 0.2, by a factor of 0.1 to 10; a peak above 1 is
     * then scaled to 1. As in the published program the percentiles of a quiet clip (peak below
     * 0.1) are those before it was raised.
     *
     * @param samples left as they are
     */
    public static double[] normalize(double[] samples) {
        double[] sorted = new double[samples.length];
        for (int i = 0; i < sorted.length; i++) {
            sorted[i] = Math.abs(samples[i]);
        }
        Arrays.sort(sorted);
        double[] x = samples.clone();
        double peak = sorted.length == 0 ? 0 : sorted[sorted.length - 1];
        if (peak < QUIET_PEAK) {
            double divisor = Math.max(peak, LEAST_PEAK);
            for (int i = 0; i < x.length; i++) {
                x[i] = x[i] / divisor * QUIET_PEAK;
            }
        }
        int first = 0;
        while (first < sorted.length && sorted[first] <= SOUND) {
            first++;
        }
        int loud = sorted.length - first;
        if (loud <= FEW) {
            return x;
        }
        double volume =
                Arrays.stream(sorted, first + (int) (0.9 * loud), first + (int) (0.99 * loud))
                        .average()
                        .orElseThrow();
        scale(x, Math.clamp(TARGET / volume, 0.1, 10));
        double most = 0;
        for (double v : x) {
            most = Math.max(most, Math.abs(v));
        }
        if (most > 1) {
            for (int i = 0; i < x.length; i++) {
                x[i] /= most;
            }
        }
        return x;
    }

    private static void scale(double[] x, double factor) {
        for (int i = 0; i < x.length; i++) {
            x[i] *= factor;
        }
    }
}
