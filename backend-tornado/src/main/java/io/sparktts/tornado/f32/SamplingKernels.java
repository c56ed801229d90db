package io.sparktts.tornado.f32;

import static io.sparktts.tornado.kernel.Candidates.weight;
import static io.sparktts.tornado.kernel.Elements.load;

import io.sparktts.tornado.kernel.Candidates;
import io.sparktts.tornado.kernel.Tokens;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Sampling in Hugging Face's order: temperature, top-k, top-p. Nothing is sorted: both cuts are
 * values, found by halving the interval that holds them until no float is between; each step is one
 * pass over the row. Sums are in float64, since a running sum of 166,000 floats is not good to the
 * last candidate.
 */
public final class SamplingKernels {
    private SamplingKernels() {}

    private static float max(FloatArray x, int xo, int n) {
        float max = load(x, xo);
        for (int i = 1; i < n; i++) {
            max = TornadoMath.max(max, load(x, xo + i));
        }
        return max;
    }

    /** The smallest element not below {@code from}. */
    private static float least(FloatArray x, int xo, int n, float from, float max) {
        float least = max;
        for (int i = 0; i < n; i++) {
            float v = load(x, xo + i);
            if (v >= from && v < least) {
                least = v;
            }
        }
        return least;
    }

    /** The k-th largest element. */
    private static float kthLargest(FloatArray x, int xo, int n, int k, float max) {
        float low = least(x, xo, n, -3.0e38f, max);
        float high = max;
        float middle = max;
        int going = 1;
        while (going != 0) {
            int count = 0;
            for (int i = 0; i < n; i++) {
                if (load(x, xo + i) >= middle) {
                    count++;
                }
            }
            if (count >= k) {
                low = middle;
            } else {
                high = middle;
            }
            middle = low + (high - low) * 0.5f;
            going = middle > low && middle < high ? 1 : 0;
        }
        return least(x, xo, n, low, max);
    }

    private static double mass(
            FloatArray x, int xo, int n, float from, float max, float inverseTemperature) {
        double sum = 0.0;
        for (int i = 0; i < n; i++) {
            float v = load(x, xo + i);
            if (v >= from) {
                sum += weight(v, max, inverseTemperature);
            }
        }
        return sum;
    }

    /** The largest element such that it and those above have a mass of at least {@code target}. */
    private static float massCut(
            FloatArray x,
            int xo,
            int n,
            float from,
            float max,
            float inverseTemperature,
            double target) {
        float low = least(x, xo, n, from, max);
        float high = max;
        float middle = max;
        int going = 1;
        while (going != 0) {
            if (mass(x, xo, n, middle, max, inverseTemperature) >= target) {
                low = middle;
            } else {
                high = middle;
            }
            middle = low + (high - low) * 0.5f;
            going = middle > low && middle < high ? 1 : 0;
        }
        return least(x, xo, n, low, max);
    }

    /** See {@link Candidates#droppedTies}. */
    private static int droppedTies(
            FloatArray x,
            int xo,
            int n,
            float cut,
            float max,
            float inverseTemperature,
            double target) {
        double above = 0.0;
        int ties = 0;
        for (int i = 0; i < n; i++) {
            float v = load(x, xo + i);
            if (v > cut) {
                above += weight(v, max, inverseTemperature);
            }
            if (v == cut) {
                ties++;
            }
        }
        return Candidates.droppedTies(ties, weight(cut, max, inverseTemperature), above, target);
    }

    /** p: rows, n, topK; out, logits. s: 1 / temperature, top-p. What was cut gets 0. */
    public static void probabilities(
            KernelContext c, FloatArray outF32, FloatArray logits, IntArray p, FloatArray sF32) {
        int row = c.globalIdx;
        if (row < p.get(0)) {
            int n = p.get(1);
            int k = p.get(2);
            int o = p.get(3) + row * n;
            int xo = p.get(4) + row * n;
            float inverse = sF32.get(0);
            float topP = sF32.get(1);
            float max = max(logits, xo, n);
            float cut = -3.0e38f;
            if (k > 0 && k < n) {
                cut = kthLargest(logits, xo, n, k, max);
            }
            int dropped = 0;
            if (topP < 1f) {
                double target = topP * mass(logits, xo, n, cut, max, inverse);
                cut = massCut(logits, xo, n, cut, max, inverse, target);
                dropped = droppedTies(logits, xo, n, cut, max, inverse, target);
            }
            double total = 0.0;
            int ties = 0;
            for (int i = 0; i < n; i++) {
                float v = load(logits, xo + i);
                if (v == cut) {
                    ties++;
                }
                float w = 0f;
                if (v > cut || (v == cut && ties > dropped)) {
                    w = weight(v, max, inverse);
                }
                outF32.set(o + i, w);
                total += w;
            }
            float factor = (float) (1.0 / total);
            for (int i = 0; i < n; i++) {
                outF32.set(o + i, outF32.get(o + i) * factor);
            }
        }
    }

    /**
     * p: rows, n, topK, greedy; tokens, logits, random. s: 1 / temperature, top-p. Draws as {@link
     * io.sparktts.backend.Kernels#sample} says.
     */
    public static void sample(
            KernelContext c,
            IntArray tokens,
            FloatArray logits,
            IntArray random,
            IntArray p,
            FloatArray sF32) {
        int row = c.globalIdx;
        if (row < p.get(0)) {
            int n = p.get(1);
            int k = p.get(2);
            int xo = p.get(5) + row * n;
            int state = p.get(6) + row * 4;
            float inverse = sF32.get(0);
            float topP = sF32.get(1);
            float max = max(logits, xo, n);
            float cut = -3.0e38f;
            int dropped = 0;
            if (p.get(3) != 0) {
                cut = max;
            } else {
                if (k > 0 && k < n) {
                    cut = kthLargest(logits, xo, n, k, max);
                }
                if (topP < 1f) {
                    double target = topP * mass(logits, xo, n, cut, max, inverse);
                    cut = massCut(logits, xo, n, cut, max, inverse, target);
                    dropped = droppedTies(logits, xo, n, cut, max, inverse, target);
                }
            }
            double total = 0.0;
            int ties = 0;
            for (int i = 0; i < n; i++) {
                float v = load(logits, xo + i);
                if (v == cut) {
                    ties++;
                }
                if (v > cut || (v == cut && ties > dropped)) {
                    total += weight(v, max, inverse);
                }
            }
            double limit = Tokens.uniform(random, state) * total;
            if (p.get(3) != 0) {
                limit = -1.0;
            }
            double running = 0.0;
            int token = -1;
            int last = 0;
            ties = 0;
            for (int i = 0; i < n; i++) {
                float v = load(logits, xo + i);
                if (v == cut) {
                    ties++;
                }
                if (v > cut || (v == cut && ties > dropped)) {
                    running += weight(v, max, inverse);
                    last = i;
                    if (token < 0 && running > limit) {
                        token = i;
                    }
                }
            }
            if (token < 0) {
                token = last;
            }
            tokens.set(p.get(4) + row, token);
            random.set(state + 3, random.get(state + 3) + 1);
        }
    }
}
