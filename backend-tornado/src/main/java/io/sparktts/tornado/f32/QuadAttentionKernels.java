package io.sparktts.tornado.f32;

import static io.sparktts.tornado.kernel.Elements.load;
import static io.sparktts.tornado.kernel.Elements.store;

import io.sparktts.tornado.kernel.Reductions;
import io.sparktts.tornado.kernel.Tokens;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Attention of few tokens over long contexts, split as flash decoding does: a group makes one head
 * of one token over {@link #SPLIT} keys, and what it leaves is merged after. Splits are counted by
 * the cache's capacity, so that one recording serves all lengths; those past the last key end at
 * once. Widths of heads are whole quads.
 */
public final class QuadAttentionKernels {
    /** Keys of a split, and lanes of a group. */
    public static final int SPLIT = 128;

    /** The widest head. */
    public static final int WIDEST = 128;

    /** What a split leaves before its sums of values: its largest score and its weights' sum. */
    public static final int STATE = 2;

    /** Partial scores of a key, one per quad, and one more to spread them over banks. */
    private static final int SCORES = WIDEST / 4 + 1;

    private QuadAttentionKernels() {}

    private static float dot(FloatArray keys, int at, float q0, float q1, float q2, float q3) {
        float even = q0 * load(keys, at, 0) + q2 * load(keys, at, 2);
        float odd = q1 * load(keys, at, 1) + q3 * load(keys, at, 3);
        return even + odd;
    }

    /**
     * Lanes with neighbouring quads share a key, then each lane has a key's score, then lanes share
     * values as they did keys.
     *
     * <p>p: splits, batch, qkvWidth, heads, kvHeads, headDim, capacity, first element of the layer;
     * parts {@code [tokens, heads, splits, STATE + headDim]}, qkv, tokenOffsets, positions, slot.
     */
    public static void attentionPart(
            KernelContext c,
            FloatArray partsF32,
            FloatArray qkv,
            FloatArray keys,
            FloatArray values,
            IntArray offsets,
            IntArray positions,
            IntArray slots,
            IntArray p) {
        float[] scores = c.allocateFloatLocalArray(SPLIT * SCORES);
        float[] weights = c.allocateFloatLocalArray(SPLIT);
        float[] sums = c.allocateFloatLocalArray(4 * SPLIT);
        int lane = c.localIdx;
        int splits = p.get(0);
        int heads = p.get(3);
        int kvHeads = p.get(4);
        int dim = p.get(5);
        int row = c.groupIdx / splits;
        int first = c.groupIdx % splits * SPLIT;
        int t = row / heads;
        int h = row % heads;
        int slot = Tokens.slot(t, p.get(1), offsets, p.get(10), slots, p.get(12));
        int seen = 0;
        if (slot >= 0) {
            seen = positions.get(p.get(11) + t) + 1;
        }
        int count = Math.min(SPLIT, seen - first);
        if (count > 0) {
            int quads = dim / 4;
            int sharing = SPLIT / quads;
            int quad = lane % quads;
            int begin = count;
            if (lane / quads < sharing) {
                begin = lane / quads;
            }
            int head = slot * kvHeads + h / (heads / kvHeads);
            int cached = p.get(7) / 4 + (head * p.get(6) + first) * quads + quad;
            int q = (p.get(9) + t * p.get(2)) / 4 + h * quads + quad;
            float q0 = load(qkv, q, 0);
            float q1 = load(qkv, q, 1);
            float q2 = load(qkv, q, 2);
            float q3 = load(qkv, q, 3);
            // Several loads before a store: no compiler moves loads across it.
            for (int k = begin; k < count; k += 4 * sharing) {
                int k1 = Math.min(count - 1, k + sharing);
                int k2 = Math.min(count - 1, k + 2 * sharing);
                int k3 = Math.min(count - 1, k + 3 * sharing);
                float s0 = dot(keys, cached + k * quads, q0, q1, q2, q3);
                float s1 = dot(keys, cached + k1 * quads, q0, q1, q2, q3);
                float s2 = dot(keys, cached + k2 * quads, q0, q1, q2, q3);
                float s3 = dot(keys, cached + k3 * quads, q0, q1, q2, q3);
                scores[k * SCORES + quad] = s0;
                scores[k1 * SCORES + quad] = s1;
                scores[k2 * SCORES + quad] = s2;
                scores[k3 * SCORES + quad] = s3;
            }
            c.localBarrier();
            float score = -3.0e38f;
            if (lane < count) {
                float sum = 0f;
                for (int i = 0; i < quads; i++) {
                    sum += scores[lane * SCORES + i];
                }
                score = sum / TornadoMath.sqrt((float) dim);
            }
            float max = Reductions.max(c, lane, SPLIT, score);
            float weight = 0f;
            if (lane < count) {
                weight = TornadoMath.exp(score - max);
            }
            weights[lane] = weight;
            float total = Reductions.sum(c, lane, SPLIT, weight);
            float v0 = 0f;
            float v1 = 0f;
            float v2 = 0f;
            float v3 = 0f;
            for (int k = begin; k < count; k += sharing) {
                int at = cached + k * quads;
                float w = weights[k];
                v0 += w * load(values, at, 0);
                v1 += w * load(values, at, 1);
                v2 += w * load(values, at, 2);
                v3 += w * load(values, at, 3);
            }
            sums[lane] = v0;
            sums[SPLIT + lane] = v1;
            sums[2 * SPLIT + lane] = v2;
            sums[3 * SPLIT + lane] = v3;
            c.localBarrier();
            int o = p.get(8) + c.groupIdx * (STATE + dim);
            if (lane < dim) {
                float sum = 0f;
                for (int i = 0; i < sharing; i++) {
                    sum += sums[lane % 4 * SPLIT + i * quads + lane / 4];
                }
                partsF32.set(o + STATE + lane, sum);
            }
            if (lane == 0) {
                partsF32.set(o, max);
                partsF32.set(o + 1, total);
            }
        }
    }

    /**
     * Weighs the splits of a head by their largest scores. A work-item makes a quad of a head.
     *
     * <p>p: quads of all heads of all tokens, batch, heads, headDim, splits; out, parts,
     * tokenOffsets, positions, slot.
     */
    public static void attentionMerge(
            KernelContext c,
            FloatArray out,
            FloatArray partsF32,
            IntArray offsets,
            IntArray positions,
            IntArray slots,
            IntArray p) {
        int i = c.globalIdx;
        int dim = p.get(3);
        int quads = dim / 4;
        int row = i / quads;
        int t = row / p.get(2);
        int seen = 0;
        if (i < p.get(0) && Tokens.slot(t, p.get(1), offsets, p.get(7), slots, p.get(9)) >= 0) {
            seen = positions.get(p.get(8) + t) + 1;
        }
        if (seen > 0) {
            int width = STATE + dim;
            int from = p.get(6) + row * p.get(4) * width;
            int live = (seen + SPLIT - 1) / SPLIT;
            float max = -3.0e38f;
            for (int s = 0; s < live; s++) {
                max = TornadoMath.max(max, partsF32.get(from + s * width));
            }
            float total = 0f;
            float v0 = 0f;
            float v1 = 0f;
            float v2 = 0f;
            float v3 = 0f;
            for (int s = 0; s < live; s++) {
                int at = from + s * width;
                float w = TornadoMath.exp(partsF32.get(at) - max);
                int v = at + STATE + 4 * (i % quads);
                total += w * partsF32.get(at + 1);
                v0 += w * partsF32.get(v);
                v1 += w * partsF32.get(v + 1);
                v2 += w * partsF32.get(v + 2);
                v3 += w * partsF32.get(v + 3);
            }
            float factor = 1f / total;
            store(out, p.get(5) / 4 + i, v0 * factor, v1 * factor, v2 * factor, v3 * factor);
        }
    }
}
