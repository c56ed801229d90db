package io.sparktts.contract;

import io.sparktts.backend.HostTensor;
import io.sparktts.backend.Sampling;
import io.sparktts.oracle.Oracle;
import io.sparktts.oracle.SamplingOracle;

import java.util.Arrays;

/**
 * Judges samplers. Which of equal logits survive at top-p's boundary is arbitrary, and so is one
 * whose mass is within rounding of it; therefore the kept set is judged by what defines it, and the
 * probabilities given that set.
 */
final class SamplingCheck {
    /** Rounding of a running sum in float32. */
    private static final double MASS = 2e-5;

    /** Probabilities below it may be flushed to 0 without counting as cut. */
    private static final double TINY = 1e-30;

    /**
     * Standard deviations of chi-square: one check in a billion would fail by chance, and seeds are
     * fixed.
     */
    private static final double SIGMAS = 6;

    private SamplingCheck() {}

    /** Row {@code row} of a kernel's probabilities. */
    static void probabilities(
            HostTensor actual, int row, double[] logits, Sampling s, Comparison.Builder c) {
        int n = logits.length;
        long start = (long) row * n;
        double[] x = SamplingOracle.topK(logits, s);
        double[] full = Oracle.softmax(x);
        double smallestKept = Double.POSITIVE_INFINITY;
        double largestCut = Double.NEGATIVE_INFINITY;
        double mass = 0;
        for (int i = 0; i < n; i++) {
            if (actual.get(start + i) > 0) {
                smallestKept = Math.min(smallestKept, x[i]);
                mass += full[i];
            } else if (full[i] > TINY) {
                largestCut = Math.max(largestCut, x[i]);
            }
        }
        String where = "row " + row + ": ";
        if (smallestKept == Double.NEGATIVE_INFINITY) {
            c.fail(where + "kept what top-k cuts");
        } else if (largestCut > smallestKept) {
            c.fail(where + "cut a logit of " + largestCut + " and kept one of " + smallestKept);
        } else if (mass < Math.min(s.topP(), 1) - MASS) {
            c.fail(where + "kept a mass of " + mass + " only");
        } else if (s.topP() < 1) {
            double least = leastProbability(actual, start, full);
            double largest = Arrays.stream(full).max().orElse(0);
            if (mass - least >= s.topP() + MASS && least < largest) {
                c.fail(where + "kept a mass of " + mass + ", more than needed");
            }
        }
        double[] kept = x.clone();
        for (int i = 0; i < n; i++) {
            if (!(actual.get(start + i) > 0) && full[i] > TINY) {
                kept[i] = Double.NEGATIVE_INFINITY;
            }
        }
        double[] truth = Oracle.softmax(kept);
        double scale = Arrays.stream(truth).max().orElse(0);
        for (int i = 0; i < n; i++) {
            double bound = Tolerance.PROBABILITIES.bound(actual.dtype(), truth[i], scale, n);
            c.element(actual.get(start + i), truth[i], bound, "out", start + i);
        }
    }

    private static double leastProbability(HostTensor actual, long start, double[] full) {
        double least = 1;
        for (int i = 0; i < full.length; i++) {
            if (actual.get(start + i) > 0) {
                least = Math.min(least, full[i]);
            }
        }
        return least;
    }

    /**
     * A token drawn with {@code u}: its interval of the running sum has to hold it, give or take
     * rounding.
     */
    static void token(
            int token, double[] logits, Sampling s, double u, int row, Comparison.Builder c) {
        if (s.greedy()) {
            c.element(token, Oracle.argmax(logits), 0, "tokens", row);
            return;
        }
        double[] p = SamplingOracle.probabilities(logits, s);
        int expected = SamplingOracle.draw(p, u);
        if (token == expected) {
            c.element(token, expected, 0, "tokens", row);
            return;
        }
        if (token < 0 || token >= logits.length) {
            c.fail("tokens[" + row + "] is " + token + ", not an index");
            return;
        }
        double slack = MASS + tiedMass(logits, p, s);
        double below = Arrays.stream(p, 0, token).sum();
        boolean holds = below - slack <= u && u <= below + p[token] + slack;
        boolean candidate = p[token] > 0 || (slack > MASS && isTied(logits, p, logits[token]));
        if (!holds || !candidate) {
            c.fail(
                    "tokens["
                            + row
                            + "] is "
                            + token
                            + " ("
                            + below
                            + " to "
                            + (below + p[token])
                            + "), not "
                            + expected
                            + ", for a draw of "
                            + u);
        }
    }

    /** Mass of the equal logits of which top-p kept some and cut others. */
    private static double tiedMass(double[] logits, double[] p, Sampling s) {
        double least = Double.POSITIVE_INFINITY;
        double mass = 0;
        for (int i = 0; i < p.length; i++) {
            if (p[i] > 0) {
                least = Math.min(least, logits[i]);
            }
        }
        boolean cut = false;
        for (int i = 0; i < p.length && s.topP() < 1; i++) {
            if (logits[i] == least) {
                mass += p[i];
                cut |= p[i] == 0;
            }
        }
        return cut ? mass : 0;
    }

    private static boolean isTied(double[] logits, double[] p, double logit) {
        for (int i = 0; i < p.length; i++) {
            if (p[i] > 0 && logits[i] < logit) {
                return false;
            }
        }
        return true;
    }

    /**
     * Pearson's chi-square of draws against probabilities; nothing of probability 0 may be drawn.
     */
    static void distribution(int[] tokens, double[] probabilities, Comparison.Builder c) {
        long[] counts = new long[probabilities.length];
        for (int t : tokens) {
            if (t < 0 || t >= counts.length || probabilities[t] == 0) {
                c.fail("drew " + t + ", which is not among the candidates");
                return;
            }
            counts[t]++;
        }
        double chiSquare = 0;
        int cells = 0;
        for (int i = 0; i < counts.length; i++) {
            double expected = probabilities[i] * tokens.length;
            if (expected > 0) {
                chiSquare += (counts[i] - expected) * (counts[i] - expected) / expected;
                cells++;
            }
        }
        int freedom = Math.max(cells - 1, 1);
        double limit = freedom + SIGMAS * Math.sqrt(2.0 * freedom);
        if (chiSquare > limit) {
            c.fail(
                    "chi-square of "
                            + tokens.length
                            + " draws is "
                            + chiSquare
                            + ", more than "
                            + limit);
        }
    }
}
