package io.sparktts.tornado.f32;

import static io.sparktts.tornado.kernel.Elements.load;
import static io.sparktts.tornado.kernel.Elements.store;

import io.sparktts.tornado.kernel.KernelCode;
import io.sparktts.tornado.kernel.KernelSet;
import io.sparktts.tornado.kernel.Reductions;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * What stands before, between and after what a library makes of a prompt's attention: its two
 * matrix products, or all of it. Keys and values are repeated for the heads that share them, so
 * that each product is one call; weights are divided by their sums last, where fewest elements are
 * left.
 */
public final class QuadPromptKernels {
    private QuadPromptKernels() {}

    /** All of them. */
    public static KernelSet.PromptSet set() {
        Class<?> here = QuadPromptKernels.class;
        return new KernelSet.PromptSet(
                KernelCode.of(here, "gatherCache", QuadPromptKernels::gatherCache),
                KernelCode.ofGroups(here, "causalWeights", QuadPromptKernels::causalWeights),
                KernelCode.of(here, "divideLive", QuadPromptKernels::divideLive),
                KernelCode.of(here, "placeQueries", QuadPromptKernels::placeQueries),
                KernelCode.of(here, "takeAttended", QuadPromptKernels::takeAttended));
    }

    private static void copy(FloatArray out, int to, FloatArray x, int from) {
        store(out, to, load(x, from, 0), load(x, from, 1), load(x, from, 2), load(x, from, 3));
    }

    /**
     * The keys and values of the only sequence as {@code [heads, span, headDim]}, zero past its
     * last position. A work-item copies a quad of each.
     *
     * <p>p: quads, heads, kvHeads, headDim, capacity, first element of the layer, span; keys,
     * values (both out), tokenOffsets, positions, slot.
     */
    public static void gatherCache(
            KernelContext c,
            FloatArray outKeys,
            FloatArray outValues,
            FloatArray keys,
            FloatArray values,
            IntArray offsets,
            IntArray positions,
            IntArray slots,
            IntArray p) {
        int i = c.globalIdx;
        if (i < p.get(0)) {
            int quads = p.get(3) / 4;
            int span = p.get(6);
            int position = i / quads % span;
            int h = i / (quads * span);
            int slot = slots.get(p.get(11));
            int tokens = offsets.get(p.get(9) + 1);
            int live = 0;
            if (slot >= 0 && tokens > 0) {
                live = positions.get(p.get(10) + tokens - 1) + 1;
            }
            int toKeys = p.get(7) / 4 + i;
            int toValues = p.get(8) / 4 + i;
            if (position < live) {
                int head = slot * p.get(2) + h / (p.get(1) / p.get(2));
                int from = p.get(5) / 4 + (head * p.get(4) + position) * quads + i % quads;
                copy(outKeys, toKeys, keys, from);
                copy(outValues, toValues, values, from);
            } else {
                store(outKeys, toKeys, 0f, 0f, 0f, 0f);
                store(outValues, toValues, 0f, 0f, 0f, 0f);
            }
        }
    }

    private static float seenScore(FloatArray scoresF32, int from, int k, int seen) {
        float score = -3.0e38f;
        if (k < seen) {
            score = scoresF32.get(from + k);
        }
        return score;
    }

    private static float weight(FloatArray scoresF32, int from, int k, int seen, float max) {
        float weight = 0f;
        if (k < seen) {
            weight = TornadoMath.exp(scoresF32.get(from + k) - max);
        }
        return weight;
    }

    /**
     * Exponentials of a head's scores of a token, below 1, for the positions that it sees, 0 for
     * the others and for padding; and their sum. Rows are of {@code [heads, tokens, span]}.
     *
     * <p>p: rows, tokens, quads of the span, lanes of a row; out, sums, scores, tokenOffsets,
     * positions, slot.
     */
    public static void causalWeights(
            KernelContext c,
            FloatArray out,
            FloatArray sumsF32,
            FloatArray scoresF32,
            IntArray offsets,
            IntArray positions,
            IntArray slots,
            IntArray p) {
        int lane = c.localIdx;
        int lanes = p.get(3);
        int first = lane % lanes;
        int row = c.globalIdx / lanes;
        int t = row % p.get(1);
        int quads = p.get(2);
        int o = p.get(4) / 4 + row * quads;
        int from = p.get(6) + row * 4 * quads;
        int seen = 0;
        int end = 0;
        if (row < p.get(0)) {
            end = quads;
            if (slots.get(p.get(9)) >= 0 && t < offsets.get(p.get(7) + 1)) {
                seen = positions.get(p.get(8) + t) + 1;
            }
        }
        float most = -3.0e38f;
        int seenQuads = (seen + 3) / 4;
        for (int i = first; i < seenQuads; i += lanes) {
            float left =
                    TornadoMath.max(
                            seenScore(scoresF32, from, 4 * i, seen),
                            seenScore(scoresF32, from, 4 * i + 1, seen));
            float right =
                    TornadoMath.max(
                            seenScore(scoresF32, from, 4 * i + 2, seen),
                            seenScore(scoresF32, from, 4 * i + 3, seen));
            most = TornadoMath.max(most, TornadoMath.max(left, right));
        }
        float max = Reductions.max(c, lane, lanes, most);
        float sum = 0f;
        for (int i = first; i < end; i += lanes) {
            float w0 = weight(scoresF32, from, 4 * i, seen, max);
            float w1 = weight(scoresF32, from, 4 * i + 1, seen, max);
            float w2 = weight(scoresF32, from, 4 * i + 2, seen, max);
            float w3 = weight(scoresF32, from, 4 * i + 3, seen, max);
            sum += w0 + w1 + (w2 + w3);
            store(out, o + i, w0, w1, w2, w3);
        }
        float total = Reductions.sum(c, lane, lanes, sum);
        if (first == 0 && end > 0) {
            sumsF32.set(p.get(5) + row, total);
        }
    }

    /**
     * Divides the rows of the only sequence's tokens by their heads' sums, and leaves those of
     * padding as they are. A work-item makes a quad.
     *
     * <p>p: quads, quads of a row, quads of a head, tokens; out, x, sums, tokenOffsets, slot.
     */
    public static void divideLive(
            KernelContext c,
            FloatArray out,
            FloatArray xF32,
            FloatArray sumsF32,
            IntArray offsets,
            IntArray slots,
            IntArray p) {
        int i = c.globalIdx;
        int t = i / p.get(1);
        if (i < p.get(0) && t < offsets.get(p.get(7) + 1) && slots.get(p.get(8)) >= 0) {
            int h = i % p.get(1) / p.get(2);
            float factor = 1f / sumsF32.get(p.get(6) + h * p.get(3) + t);
            int x = p.get(5) + 4 * i;
            store(
                    out,
                    p.get(4) / 4 + i,
                    xF32.get(x) * factor,
                    xF32.get(x + 1) * factor,
                    xF32.get(x + 2) * factor,
                    xF32.get(x + 3) * factor);
        }
    }

    /**
     * Where the {@code i}-th quad of the tokens' heads stands in {@code [heads, span, headDim]}, in
     * quads; p is that of {@link #placeQueries}.
     */
    private static int placed(int i, IntArray positions, IntArray p) {
        int quads = p.get(3);
        int row = p.get(2) * quads;
        int column = i % row;
        int position = positions.get(p.get(8) + i / row);
        return (column / quads * p.get(4) + position) * quads + column % quads;
    }

    /**
     * Puts the only sequence's queries into rows of {@code [heads, span, headDim]} by their
     * positions, and leaves the other rows as they are. A work-item copies a quad.
     *
     * <p>p: quads, quads of a row of qkv, heads, quads of a head, span; out, qkv, tokenOffsets,
     * positions, slot.
     */
    public static void placeQueries(
            KernelContext c,
            FloatArray out,
            FloatArray qkv,
            IntArray offsets,
            IntArray positions,
            IntArray slots,
            IntArray p) {
        int i = c.globalIdx;
        int row = p.get(2) * p.get(3);
        int t = i / row;
        if (i < p.get(0) && t < offsets.get(p.get(7) + 1) && slots.get(p.get(9)) >= 0) {
            int from = p.get(6) / 4 + t * p.get(1) + i % row;
            copy(out, p.get(5) / 4 + placed(i, positions, p), qkv, from);
        }
    }

    /**
     * Takes the rows of the only sequence's tokens out of {@code [heads, span, headDim]}, and
     * leaves those of padding as they are. A work-item copies a quad.
     *
     * <p>p: as of {@link #placeQueries}; out, x, tokenOffsets, positions, slot.
     */
    public static void takeAttended(
            KernelContext c,
            FloatArray out,
            FloatArray x,
            IntArray offsets,
            IntArray positions,
            IntArray slots,
            IntArray p) {
        int i = c.globalIdx;
        int t = i / (p.get(2) * p.get(3));
        if (i < p.get(0) && t < offsets.get(p.get(7) + 1) && slots.get(p.get(9)) >= 0) {
            copy(out, p.get(5) / 4 + i, x, p.get(6) / 4 + placed(i, positions, p));
        }
    }
}
