package io.sparktts.tornado.kernel;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Draws among the candidates of a row that are left after a coarse cut, in Hugging Face's order:
 * temperature, top-k, top-p. Both cuts are values: of few candidates each is compared with all, of
 * many the interval that holds the cut is halved until no float is between. A work-group has one
 * row; candidates are in the order of the vocabulary and the same for all dtypes.
 */
public final class Candidates {
    /** See {@link #draw}. */
    public static final KernelCode DRAW =
            KernelCode.ofGroups(Candidates.class, "draw", Candidates::draw);

    /** See {@link #first}. */
    public static final KernelCode FIRST =
            KernelCode.of(Candidates.class, "first", Candidates::first);

    private static final float LEAST = -3.0e38f;

    /** More halvings than floats allow; without an end, a NaN among the logits would have none. */
    private static final int MOST_STEPS = 300;

    /** Candidates up to which comparing each with all is faster than halving. */
    private static final int MOST_RANKED = 1024;

    private Candidates() {}

    /** The largest value that {@code most} of the {@code n} are not below; the least if none is. */
    public static float cutByCount(
            KernelContext c, int lane, int lanes, FloatArray x, int xo, int n, int most) {
        float cut = LEAST;
        for (int i = lane; i < n; i += lanes) {
            float v = x.get(xo + i);
            int reach = 0;
            for (int j = 0; j < n; j++) {
                if (x.get(xo + j) >= v) {
                    reach++;
                }
            }
            if (reach >= most) {
                cut = TornadoMath.max(cut, v);
            }
        }
        return Reductions.max(c, lane, lanes, cut);
    }

    /** The largest candidate that a mass of at least {@code target} is not below. */
    private static float cutByMass(
            KernelContext c,
            int lane,
            int lanes,
            FloatArray x,
            int xo,
            int n,
            double target,
            float max,
            float inverseTemperature) {
        float cut = LEAST;
        for (int i = lane; i < n; i += lanes) {
            float v = x.get(xo + i);
            double reach = 0.0;
            for (int j = 0; j < n; j++) {
                float other = x.get(xo + j);
                if (other >= v) {
                    reach += weight(other, max, inverseTemperature);
                }
            }
            if (reach >= target) {
                cut = TornadoMath.max(cut, v);
            }
        }
        return Reductions.max(c, lane, lanes, cut);
    }

    /** The smallest candidate not below {@code from}. */
    private static float least(
            KernelContext c, int lane, int lanes, FloatArray x, int xo, int n, float from) {
        float negative = LEAST;
        for (int i = lane; i < n; i += lanes) {
            float v = x.get(xo + i);
            if (v >= from) {
                negative = TornadoMath.max(negative, -v);
            }
        }
        return -Reductions.max(c, lane, lanes, negative);
    }

    /** A logit's share, 1 of the largest. */
    public static float weight(float logit, float max, float inverseTemperature) {
        return TornadoMath.exp((logit - max) * inverseTemperature);
    }

    private static double mass(
            KernelContext c,
            int lane,
            int lanes,
            FloatArray x,
            int xo,
            int n,
            float from,
            float max,
            float inverseTemperature) {
        double mine = 0.0;
        for (int i = lane; i < n; i += lanes) {
            float v = x.get(xo + i);
            if (v >= from) {
                mine += weight(v, max, inverseTemperature);
            }
        }
        return Reductions.sum(c, lane, lanes, mine);
    }

    /**
     * A token per row, as {@link io.sparktts.backend.Kernels#sample} says.
     *
     * <p>p: n, topK, chunks of a row; tokens, values and indices {@code [rows, n]}, counts {@code
     * [rows, chunks]}, random. s: 1 / temperature, top-p.
     */
    public static void draw(
            KernelContext c,
            IntArray tokens,
            FloatArray values,
            IntArray indices,
            IntArray counts,
            IntArray random,
            IntArray p,
            FloatArray s) {
        int lane = c.localIdx;
        int lanes = c.localGroupSizeX;
        int row = c.groupIdx;
        int k = p.get(1);
        int chunks = p.get(2);
        int xo = p.get(4) + row * p.get(0);
        float inverse = s.get(0);
        float topP = s.get(1);
        float kept = 0f;
        for (int i = lane; i < chunks; i += lanes) {
            kept += counts.get(p.get(6) + row * chunks + i);
        }
        int n = (int) Reductions.sum(c, lane, lanes, kept);
        float largest = LEAST;
        for (int i = lane; i < n; i += lanes) {
            largest = TornadoMath.max(largest, values.get(xo + i));
        }
        float max = Reductions.max(c, lane, lanes, largest);
        float cut = least(c, lane, lanes, values, xo, n, LEAST);
        int ranked = 0;
        if (n <= MOST_RANKED) {
            ranked = n;
        }
        int steps = 0;
        int most = n + 1;
        if (k > 0 && k < p.get(0)) {
            most = k;
            if (ranked == 0) {
                steps = MOST_STEPS;
            }
        }
        float low = cut;
        float high = max;
        float middle = max;
        for (int step = 0; step < steps; step++) {
            float reach = 0f;
            for (int i = lane; i < n; i += lanes) {
                if (values.get(xo + i) >= middle) {
                    reach += 1f;
                }
            }
            float all = Reductions.sum(c, lane, lanes, reach);
            if (all >= k) {
                low = middle;
            } else {
                high = middle;
            }
            middle = low + (high - low) * 0.5f;
            steps = middle > low && middle < high ? steps : 0;
        }
        float byCount = cutByCount(c, lane, lanes, values, xo, ranked, most);
        cut = TornadoMath.max(byCount, least(c, lane, lanes, values, xo, n, low));
        steps = 0;
        if (topP < 1f && ranked == 0) {
            steps = MOST_STEPS;
        }
        double target = topP * mass(c, lane, lanes, values, xo, n, cut, max, inverse);
        low = cut;
        high = max;
        middle = max;
        for (int step = 0; step < steps; step++) {
            double reach = mass(c, lane, lanes, values, xo, n, middle, max, inverse);
            if (reach >= target) {
                low = middle;
            } else {
                high = middle;
            }
            middle = low + (high - low) * 0.5f;
            steps = middle > low && middle < high ? steps : 0;
        }
        float byMass = cutByMass(c, lane, lanes, values, xo, ranked, target, max, inverse);
        cut = TornadoMath.max(byMass, least(c, lane, lanes, values, xo, n, low));
        if (lane == 0) {
            int dropped = 0;
            if (topP < 1f) {
                dropped = droppedTies(values, xo, n, cut, max, inverse, target);
            }
            int state = p.get(7) + row * 4;
            int chosen = chosen(values, xo, n, cut, dropped, max, inverse, random, state);
            tokens.set(p.get(3) + row, indices.get(p.get(5) + row * p.get(0) + chosen));
            random.set(state + 3, random.get(state + 3) + 1);
        }
    }

    /**
     * How many of the equals at top-p's boundary are dropped, the first ones: only as many stay as
     * the mass needs.
     *
     * @param each the mass of each of them
     * @param above the mass of all that are larger
     */
    public static int droppedTies(int ties, float each, double above, double target) {
        int dropped = 0;
        if (each > 0f) {
            double kept = above + each;
            int needed = 1;
            while (kept < target && needed < ties) {
                kept += each;
                needed++;
            }
            dropped = ties - needed;
        }
        return dropped;
    }

    private static int droppedTies(
            FloatArray x, int xo, int n, float cut, float max, float inverse, double target) {
        double above = 0.0;
        int ties = 0;
        for (int i = 0; i < n; i++) {
            float v = x.get(xo + i);
            if (v > cut) {
                above += weight(v, max, inverse);
            }
            if (v == cut) {
                ties++;
            }
        }
        return droppedTies(ties, weight(cut, max, inverse), above, target);
    }

    /** The first candidate whose running mass exceeds the draw's share of the whole. */
    private static int chosen(
            FloatArray x,
            int xo,
            int n,
            float cut,
            int dropped,
            float max,
            float inverse,
            IntArray random,
            int state) {
        double total = 0.0;
        int ties = 0;
        for (int i = 0; i < n; i++) {
            float v = x.get(xo + i);
            if (v == cut) {
                ties++;
            }
            if (v > cut || (v == cut && ties > dropped)) {
                total += weight(v, max, inverse);
            }
        }
        double limit = Tokens.uniform(random, state) * total;
        double running = 0.0;
        int token = -1;
        int last = 0;
        ties = 0;
        for (int i = 0; i < n; i++) {
            float v = x.get(xo + i);
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
        return token;
    }

    /**
     * The first candidate, which after a cut at the largest element is the first of these; moves
     * the draw on if there is one. A work-item has one row.
     *
     * <p>p: n, rows, drawn; tokens, indices, random.
     */
    public static void first(
            KernelContext c, IntArray tokens, IntArray indices, IntArray random, IntArray p) {
        int row = c.globalIdx;
        if (row < p.get(1)) {
            tokens.set(p.get(3) + row, indices.get(p.get(4) + row * p.get(0)));
            if (p.get(2) != 0) {
                int at = p.get(5) + row * 4 + 3;
                random.set(at, random.get(at) + 1);
            }
        }
    }
}
