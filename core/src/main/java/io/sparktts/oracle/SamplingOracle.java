package io.sparktts.oracle;

import io.sparktts.backend.Sampling;

import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;

/**
 * Sampling in float64, with the processors in the order in which Hugging Face's {@code generate}
 * builds them: {@code TemperatureLogitsWarper}, {@code TopKLogitsWarper}, {@code TopPLogitsWarper},
 * softmax, one draw.
 */
public final class SamplingOracle {
    private SamplingOracle() {}

    /**
     * Probabilities of one row of logits {@code [vocabulary]}; what was cut is 0. Top-k keeps every
     * logit not below the k-th largest. Top-p cuts from the smallest up while the running mass is
     * at most {@code 1 - p}; among equal logits at that boundary the later indices stay, and the
     * largest logit always does.
     */
    public static double[] probabilities(double[] logits, Sampling sampling) {
        double[] x = topK(logits, sampling);
        if (sampling.topP() < 1) {
            double[] p = Oracle.softmax(x);
            int[] ascending = ascending(x);
            double running = 0;
            for (int i = 0; i < ascending.length - 1; i++) {
                running += p[ascending[i]];
                if (running > 1 - sampling.topP()) {
                    break;
                }
                x[ascending[i]] = Double.NEGATIVE_INFINITY;
            }
        }
        return Oracle.softmax(x);
    }

    /** Logits over the temperature, with {@code -inf} for what top-k cuts. */
    public static double[] topK(double[] logits, Sampling sampling) {
        double[] x = Arrays.stream(logits).map(v -> v / sampling.temperature()).toArray();
        if (sampling.topK() > 0 && sampling.topK() < x.length) {
            double[] sorted = x.clone();
            Arrays.sort(sorted);
            double kth = sorted[sorted.length - sampling.topK()];
            for (int i = 0; i < x.length; i++) {
                if (x[i] < kth) {
                    x[i] = Double.NEGATIVE_INFINITY;
                }
            }
        }
        return x;
    }

    /** Indices from the smallest element to the largest; equal ones in index order. */
    private static int[] ascending(double[] x) {
        return IntStream.range(0, x.length)
                .boxed()
                .sorted(Comparator.comparingDouble(i -> x[i]))
                .mapToInt(Integer::intValue)
                .toArray();
    }

    /**
     * Inverse-CDF draw in index order: the first index whose running sum exceeds {@code u} times
     * the total; the last index of positive probability if rounding leaves none.
     *
     * @param u uniform in {@code [0, 1)}
     */
    public static int draw(double[] probabilities, double u) {
        double threshold = u * Arrays.stream(probabilities).sum();
        double running = 0;
        int last = 0;
        for (int i = 0; i < probabilities.length; i++) {
            if (probabilities[i] > 0) {
                running += probabilities[i];
                last = i;
                if (running > threshold) {
                    return i;
                }
            }
        }
        return last;
    }
}
