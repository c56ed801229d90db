package io.sparktts.codec;

import java.util.List;

/**
 * Finite scalar quantisation (Mentzer et al. 2023): each component is bounded and rounded to one of
 * its levels, and the levels are the digits of an index, the first the least significant. In
 * float64 on the host: a voice has a few dozen such vectors.
 */
final class FiniteScalarQuantizer {
    /** Widens the bound, so that the outermost levels are reached. */
    private static final double MARGIN = 1.001;

    private final int[] levels;

    FiniteScalarQuantizer(List<Integer> levels) {
        this.levels = levels.stream().mapToInt(Integer::intValue).toArray();
    }

    /** Components of a vector. */
    int dimensions() {
        return levels.length;
    }

    /** The index of the code nearest to a bounded vector of {@link #dimensions} components. */
    int index(double[] z) {
        int index = 0;
        int basis = 1;
        for (int i = 0; i < levels.length; i++) {
            index += basis * (rounded(z[i], levels[i]) + levels[i] / 2);
            basis *= levels[i];
        }
        return index;
    }

    private static int rounded(double z, int levels) {
        double half = (levels - 1) * MARGIN / 2;
        double offset = levels % 2 == 0 ? 0.5 : 0;
        double shift = atanh(offset / half);
        return (int) Math.rint(Math.tanh(z + shift) * half - offset);
    }

    private static double atanh(double x) {
        return 0.5 * Math.log((1 + x) / (1 - x));
    }

    /** The code of an index: components in {@code [-1, 1]}. */
    double[] code(int index) {
        double[] code = new double[levels.length];
        int rest = index;
        for (int i = 0; i < levels.length; i++) {
            int half = levels[i] / 2;
            code[i] = (double) (rest % levels[i] - half) / half;
            rest /= levels[i];
        }
        return code;
    }
}
