package io.sparktts.audio;

import java.util.Arrays;

/**
 * Triangular filters at equal steps of the Slaney mel scale, each of unit area (Slaney, Auditory
 * Toolbox, 1998).
 */
final class MelFilters {
    /** The scale is linear below {@link #KNEE_HERTZ} and logarithmic above. */
    private static final double HERTZ_PER_MEL = 200.0 / 3;

    private static final double KNEE_HERTZ = 1000;
    private static final double KNEE_MEL = KNEE_HERTZ / HERTZ_PER_MEL;
    private static final double LOG_STEP = Math.log(6.4) / 27;

    /** First bin of each filter. */
    private final int[] first;

    /** Weights from that bin on; a filter between two bins has none. */
    private final double[][] weights;

    MelFilters(MelParameters p) {
        double[] edges = edges(p);
        double hertzPerBin = (double) p.sampleRate() / p.nFft();
        first = new int[p.mels()];
        weights = new double[p.mels()][];
        for (int m = 0; m < weights.length; m++) {
            int begin = (int) Math.ceil(edges[m] / hertzPerBin);
            int end = Math.min((int) Math.floor(edges[m + 2] / hertzPerBin), p.nFft() / 2) + 1;
            double[] w = new double[Math.max(0, end - begin)];
            for (int i = 0; i < w.length; i++) {
                double f = (begin + i) * hertzPerBin;
                double rise = (f - edges[m]) / (edges[m + 1] - edges[m]);
                double fall = (edges[m + 2] - f) / (edges[m + 2] - edges[m + 1]);
                double area = (edges[m + 2] - edges[m]) / 2;
                w[i] = Math.max(0, Math.min(rise, fall)) / area;
            }
            first[m] = begin;
            weights[m] = w;
        }
    }

    /** Corners of the triangles in hertz: filter m spans entries m to m + 2. */
    private static double[] edges(MelParameters p) {
        double low = mel(p.fMin());
        double high = mel(p.top());
        double[] edges = new double[p.mels() + 2];
        Arrays.setAll(edges, i -> hertz(low + (high - low) * i / (p.mels() + 1)));
        return edges;
    }

    private static double mel(double hertz) {
        return hertz < KNEE_HERTZ
                ? hertz / HERTZ_PER_MEL
                : KNEE_MEL + Math.log(hertz / KNEE_HERTZ) / LOG_STEP;
    }

    private static double hertz(double mel) {
        return mel < KNEE_MEL
                ? mel * HERTZ_PER_MEL
                : KNEE_HERTZ * Math.exp(LOG_STEP * (mel - KNEE_MEL));
    }

    /**
     * One frame.
     *
     * @param magnitudes of the bins 0 to {@code nFft / 2}
     * @return a value for each filter, rounded once
     */
    float[] apply(double[] magnitudes) {
        float[] out = new float[weights.length];
        for (int m = 0; m < out.length; m++) {
            double sum = 0;
            for (int i = 0; i < weights[m].length; i++) {
                sum += weights[m][i] * magnitudes[first[m] + i];
            }
            out[m] = (float) sum;
        }
        return out;
    }

    /** The weight of a bin in a filter. */
    double weight(int bin, int filter) {
        int i = bin - first[filter];
        return i >= 0 && i < weights[filter].length ? weights[filter][i] : 0;
    }
}
