package io.sparktts.vector;

import static io.sparktts.vector.Lanes.ALL;
import static io.sparktts.vector.Lanes.F;
import static io.sparktts.vector.Lanes.L;
import static io.sparktts.vector.Lanes.ORDER;

import io.sparktts.backend.Sampling;
import io.sparktts.host.HostBuffer;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

import java.util.Arrays;

/**
 * Chooses which tokens of one row of logits may be drawn, in Hugging Face's order: temperature,
 * top-k, top-p. Of 166,000 logits only the few above the k-th largest are ever sorted; {@code
 * naive} sorts them all, as the processors of transformers do.
 */
final class TokenSelector implements AutoCloseable {
    private final int n;
    private final HostBuffer floats;

    /** Tokens that may be drawn, ascending, and their weights (not normalised). */
    private final int[] tokens;

    private final double[] weights;
    private final long[] order;
    private int count;
    private double total;

    TokenSelector(int vocabulary) {
        n = vocabulary;
        floats = new HostBuffer(4L * vocabulary);
        tokens = new int[vocabulary];
        weights = new double[vocabulary];
        order = new long[vocabulary];
    }

    int vocabulary() {
        return n;
    }

    /** Where the caller puts the row's logits as floats; {@link #select} overwrites them. */
    long floats() {
        return floats.segment().address();
    }

    int count() {
        return count;
    }

    int token(int i) {
        return tokens[i];
    }

    double probability(int i) {
        return weights[i] / total;
    }

    void select(Sampling s, boolean naive) {
        long x = floats();
        divide(x, n, (float) s.temperature());
        float max = RowKernels.max(x, n);
        float threshold = Float.NEGATIVE_INFINITY;
        if (s.topK() > 0 && s.topK() < n) {
            threshold = naive ? largestBySorting(x, s.topK()) : largest(x, s.topK());
        }
        collect(x, threshold, max);
        if (s.topP() < 1) {
            cutTail(x, s.topP());
        }
    }

    /** The first token whose running weight exceeds {@code u} times the total. */
    int draw(float u) {
        double limit = u * total;
        double running = 0;
        for (int i = 0; i < count; i++) {
            running += weights[i];
            if (running > limit) {
                return tokens[i];
            }
        }
        return tokens[count - 1];
    }

    static int argmax(long x, int n) {
        float max = RowKernels.max(x, n);
        for (int i = 0; i < n; i++) {
            if (Lanes.getFloat(x + 4L * i) == max) {
                return i;
            }
        }
        throw new IllegalArgumentException("a row of logits holds NaN");
    }

    private static void divide(long x, int n, float by) {
        int i = 0;
        for (; i <= n - L; i += L) {
            FloatVector.fromMemorySegment(F, ALL, x + 4L * i, ORDER)
                    .div(by)
                    .intoMemorySegment(ALL, x + 4L * i, ORDER);
        }
        for (; i < n; i++) {
            Lanes.putFloat(x + 4L * i, Lanes.getFloat(x + 4L * i) / by);
        }
    }

    /**
     * The k-th largest value: a heap of the k largest so far, which almost no later vector beats.
     */
    private float largest(long x, int k) {
        for (int i = 0; i < k; i++) {
            weights[i] = Lanes.getFloat(x + 4L * i);
        }
        for (int i = k / 2 - 1; i >= 0; i--) {
            sift(i, k);
        }
        int i = k;
        for (; i <= n - L; i += L) {
            FloatVector v = FloatVector.fromMemorySegment(F, ALL, x + 4L * i, ORDER);
            if (v.compare(VectorOperators.GT, (float) weights[0]).anyTrue()) {
                for (int j = i; j < i + L; j++) {
                    offer(Lanes.getFloat(x + 4L * j), k);
                }
            }
        }
        for (; i < n; i++) {
            offer(Lanes.getFloat(x + 4L * i), k);
        }
        return (float) weights[0];
    }

    private void offer(float v, int k) {
        if (v > weights[0]) {
            weights[0] = v;
            sift(0, k);
        }
    }

    private void sift(int from, int k) {
        int i = from;
        double v = weights[i];
        while (2 * i + 1 < k) {
            int child = 2 * i + 1;
            if (child + 1 < k && weights[child + 1] < weights[child]) {
                child++;
            }
            if (v <= weights[child]) {
                break;
            }
            weights[i] = weights[child];
            i = child;
        }
        weights[i] = v;
    }

    private float largestBySorting(long x, int k) {
        for (int i = 0; i < n; i++) {
            order[i] = sortable(Lanes.getFloat(x + 4L * i), i);
        }
        Arrays.sort(order, 0, n);
        return Lanes.getFloat(x + 4L * (int) order[n - k]);
    }

    private void collect(long x, float threshold, float max) {
        count = 0;
        total = 0;
        int i = 0;
        for (; i <= n - L; i += L) {
            FloatVector v = FloatVector.fromMemorySegment(F, ALL, x + 4L * i, ORDER);
            if (v.compare(VectorOperators.GE, threshold).anyTrue()) {
                for (int j = i; j < i + L; j++) {
                    keep(x, j, threshold, max);
                }
            }
        }
        for (; i < n; i++) {
            keep(x, i, threshold, max);
        }
        if (count == 0) {
            throw new IllegalArgumentException("a row of logits holds no finite value");
        }
    }

    private void keep(long x, int i, float threshold, float max) {
        float v = Lanes.getFloat(x + 4L * i);
        if (v >= threshold && v > Float.NEGATIVE_INFINITY) {
            tokens[count] = i;
            double w = Math.exp((double) v - max);
            weights[count++] = w;
            total += w;
        }
    }

    /**
     * Top-p: from the smallest up, drops tokens while their running probability stays within 1 - p.
     */
    private void cutTail(long x, double topP) {
        for (int i = 0; i < count; i++) {
            order[i] = sortable(Lanes.getFloat(x + 4L * tokens[i]), i);
        }
        Arrays.sort(order, 0, count);
        double allowed = (1 - topP) * total;
        double running = 0;
        for (int i = 0; i < count - 1; i++) {
            int candidate = (int) order[i];
            running += weights[candidate];
            if (running > allowed) {
                break;
            }
            weights[candidate] = -1;
        }
        int kept = 0;
        total = 0;
        for (int i = 0; i < count; i++) {
            if (weights[i] >= 0) {
                tokens[kept] = tokens[i];
                weights[kept++] = weights[i];
                total += weights[i];
            }
        }
        count = kept;
    }

    /** A long that sorts like the value, the index below it. */
    private static long sortable(float value, int index) {
        int bits = Float.floatToIntBits(value);
        return (long) (bits ^ (bits >> 31 & 0x7fffffff)) << 32 | index;
    }

    @Override
    public void close() {
        floats.close();
    }
}
