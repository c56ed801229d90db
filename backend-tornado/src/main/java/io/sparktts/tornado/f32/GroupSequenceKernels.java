package io.sparktts.tornado.f32;

import static io.sparktts.tornado.kernel.Elements.load;
import static io.sparktts.tornado.kernel.Elements.store;

import io.sparktts.tornado.kernel.KernelCode;
import io.sparktts.tornado.kernel.KernelSet;
import io.sparktts.tornado.kernel.Reductions;
import io.sparktts.tornado.kernel.Tokens;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Operations on tokens for GPUs. Those that move or turn elements are work-items that make one
 * element each, so that neighbours read neighbours; their sizes are those of {@link RowKernels} and
 * {@link SequenceKernels}.
 *
 * <p>Attention has two forms. {@link #attention} gives a head of a token to a work-group, for
 * decode. A prompt of one sequence is two matrix products by a library, with {@link #gatherCache},
 * {@link #causalSoftmax} and {@link #copyLive} before, between and after.
 */
public final class GroupSequenceKernels {
    /** Work-items of a group of {@link #attention}: the widest head. */
    private static final int LANES = 128;

    /** Keys whose scores a group holds at a time. */
    private static final int BLOCK = 512;

    private GroupSequenceKernels() {}

    /** All of them. */
    public static KernelSet.GroupSequenceSet set() {
        Class<?> here = GroupSequenceKernels.class;
        return new KernelSet.GroupSequenceSet(
                KernelCode.of(here, "embedding", GroupSequenceKernels::embedding),
                KernelCode.of(here, "gatherRows", GroupSequenceKernels::gatherRows),
                KernelCode.of(here, "rotary", GroupSequenceKernels::rotary),
                KernelCode.of(here, "cacheWrite", GroupSequenceKernels::cacheWrite),
                KernelCode.ofGroups(here, "attention", GroupSequenceKernels::attention),
                KernelCode.of(here, "gatherCache", GroupSequenceKernels::gatherCache),
                KernelCode.ofGroups(here, "causalSoftmax", GroupSequenceKernels::causalSoftmax),
                KernelCode.of(here, "copyLive", GroupSequenceKernels::copyLive));
    }

    public static void embedding(
            KernelContext c, FloatArray out, IntArray ids, FloatArray table, IntArray p) {
        int i = c.globalIdx;
        int n = p.get(1);
        if (i < p.get(0) * n) {
            int from = p.get(4) + ids.get(p.get(3) + i / n) * n;
            store(out, p.get(2) + i, load(table, from + i % n));
        }
    }

    public static void gatherRows(
            KernelContext c, FloatArray out, FloatArray x, IntArray offsets, IntArray p) {
        int i = c.globalIdx;
        int n = p.get(1);
        if (i < p.get(0) * n) {
            int at = p.get(4) + i / n;
            int end = offsets.get(at + 1);
            if (end > offsets.get(at)) {
                store(out, p.get(2) + i, load(x, p.get(3) + (end - 1) * n + i % n));
            }
        }
    }

    public static void rotary(
            KernelContext c,
            FloatArray qkv,
            IntArray positions,
            FloatArray cosF32,
            FloatArray sinF32,
            IntArray p) {
        int i = c.globalIdx;
        int dim = p.get(3);
        int half = dim / 2;
        int pairs = p.get(2) * half;
        if (i < p.get(0) * pairs) {
            int t = i / pairs;
            int j = i % half;
            int at = p.get(4) + t * p.get(1) + i % pairs / half * dim + j;
            int angle = positions.get(p.get(5) + t) * half + j;
            float cos = cosF32.get(p.get(6) + angle);
            float sin = sinF32.get(p.get(7) + angle);
            float a = load(qkv, at);
            float b = load(qkv, at + half);
            store(qkv, at, a * cos - b * sin);
            store(qkv, at + half, b * cos + a * sin);
        }
    }

    public static void cacheWrite(
            KernelContext c,
            FloatArray keys,
            FloatArray values,
            FloatArray qkv,
            IntArray offsets,
            IntArray positions,
            IntArray slots,
            IntArray p) {
        int i = c.globalIdx;
        int dim = p.get(5);
        int width = p.get(4) * dim;
        int t = i / width;
        int slot = Tokens.slot(t, p.get(1), offsets, p.get(9), slots, p.get(11));
        if (t < p.get(0) && slot >= 0) {
            int column = i % width;
            int from = p.get(8) + t * p.get(2) + p.get(3) + column;
            int position = positions.get(p.get(10) + t);
            int head = slot * p.get(4) + column / dim;
            int to = p.get(7) + (head * p.get(6) + position) * dim + column % dim;
            store(keys, to, load(qkv, from));
            store(values, to, load(qkv, from + width));
        }
    }

    /**
     * A group makes one head of one token, of at most as many dimensions as it has lanes: each lane
     * scores keys by itself, then the lanes share out dimensions and the values of a block.
     *
     * <p>p: tokens, batch, qkvWidth, heads, kvHeads, headDim, capacity, first element of the layer;
     * out, qkv, tokenOffsets, positions, slot.
     */
    public static void attention(
            KernelContext c,
            FloatArray out,
            FloatArray qkv,
            FloatArray keys,
            FloatArray values,
            IntArray offsets,
            IntArray positions,
            IntArray slots,
            IntArray p) {
        float[] query = c.allocateFloatLocalArray(LANES);
        float[] scores = c.allocateFloatLocalArray(BLOCK);
        float[] weighted = c.allocateFloatLocalArray(LANES);
        int lane = c.localIdx;
        int lanes = c.localGroupSizeX;
        int heads = p.get(3);
        int t = c.groupIdx / heads;
        int h = c.groupIdx % heads;
        int kvHeads = p.get(4);
        int dim = p.get(5);
        int slot = Tokens.slot(t, p.get(1), offsets, p.get(10), slots, p.get(12));
        int seen = 0;
        if (slot >= 0) {
            seen = positions.get(p.get(11) + t) + 1;
        }
        int cached = p.get(7) + (slot * kvHeads + h / (heads / kvHeads)) * p.get(6) * dim;
        if (lane < dim) {
            query[lane] = load(qkv, p.get(9) + t * p.get(2) + h * dim + lane);
        }
        c.localBarrier();
        float scale = 1f / TornadoMath.sqrt((float) dim);
        int parts = lanes / dim;
        int part = lane / dim;
        int column = lane % dim;
        float max = -3.0e38f;
        float total = 0f;
        float mine = 0f;
        for (int first = 0; first < seen; first += BLOCK) {
            int count = Math.min(BLOCK, seen - first);
            float most = max;
            for (int k = lane; k < count; k += lanes) {
                int row = cached + (first + k) * dim;
                float score = 0f;
                for (int j = 0; j < dim; j++) {
                    score += query[j] * load(keys, row + j);
                }
                score = score * scale;
                scores[k] = score;
                most = TornadoMath.max(most, score);
            }
            float blockMax = Reductions.max(c, lane, lanes, most);
            float shrink = TornadoMath.exp(max - blockMax);
            max = blockMax;
            float weights = 0f;
            for (int k = lane; k < count; k += lanes) {
                float weight = TornadoMath.exp(scores[k] - max);
                scores[k] = weight;
                weights += weight;
            }
            total = total * shrink + Reductions.sum(c, lane, lanes, weights);
            float sum = 0f;
            if (part < parts) {
                for (int k = part; k < count; k += parts) {
                    sum += scores[k] * load(values, cached + (first + k) * dim + column);
                }
            }
            weighted[lane] = sum;
            c.localBarrier();
            if (lane < dim) {
                mine = mine * shrink;
                for (int q = 0; q < parts; q++) {
                    mine += weighted[q * dim + lane];
                }
            }
            c.localBarrier();
        }
        if (seen > 0 && lane < dim) {
            store(out, p.get(8) + c.groupIdx * dim + lane, mine / total);
        }
    }

    /**
     * The keys and values of the only sequence as {@code [kvHeads, span, headDim]}, zero past its
     * last position. A work-item copies one element of each.
     *
     * <p>p: elements, kvHeads, headDim, capacity, first element of the layer, span; keys, values
     * (both out), tokenOffsets, positions, slot.
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
            int dim = p.get(2);
            int span = p.get(5);
            int position = i / dim % span;
            int slot = slots.get(p.get(10));
            int tokens = offsets.get(p.get(8) + 1);
            int live = 0;
            if (slot >= 0 && tokens > 0) {
                live = positions.get(p.get(9) + tokens - 1) + 1;
            }
            float key = 0f;
            float value = 0f;
            if (position < live) {
                int head = slot * p.get(1) + i / (dim * span);
                int from = p.get(4) + (head * p.get(3) + position) * dim + i % dim;
                key = load(keys, from);
                value = load(values, from);
            }
            store(outKeys, p.get(6) + i, key);
            store(outValues, p.get(7) + i, value);
        }
    }

    /**
     * The softmax of a head's scores of a token over the positions that it sees, 0 for the others
     * and for padding. A group makes one row of {@code [heads, tokens, span]}.
     *
     * <p>p: tokens, span; out, scores, tokenOffsets, positions, slot.
     */
    public static void causalSoftmax(
            KernelContext c,
            FloatArray out,
            FloatArray scoresF32,
            IntArray offsets,
            IntArray positions,
            IntArray slots,
            IntArray p) {
        int lane = c.localIdx;
        int lanes = c.localGroupSizeX;
        int t = c.groupIdx % p.get(0);
        int span = p.get(1);
        int o = p.get(2) + c.groupIdx * span;
        int from = p.get(3) + c.groupIdx * span;
        int seen = 0;
        if (slots.get(p.get(6)) >= 0 && t < offsets.get(p.get(4) + 1)) {
            seen = positions.get(p.get(5) + t) + 1;
        }
        float most = -3.0e38f;
        for (int k = lane; k < seen; k += lanes) {
            most = TornadoMath.max(most, scoresF32.get(from + k));
        }
        float max = Reductions.max(c, lane, lanes, most);
        float weights = 0f;
        for (int k = lane; k < seen; k += lanes) {
            weights += TornadoMath.exp(scoresF32.get(from + k) - max);
        }
        float factor = 1f / Reductions.sum(c, lane, lanes, weights);
        for (int k = lane; k < span; k += lanes) {
            float weight = 0f;
            if (k < seen) {
                weight = TornadoMath.exp(scoresF32.get(from + k) - max) * factor;
            }
            store(out, o + k, weight);
        }
    }

    /**
     * Copies the rows of the only sequence's tokens, and leaves those of padding as they are. A
     * work-item copies one element.
     *
     * <p>p: elements, n; out, x, tokenOffsets, slot.
     */
    public static void copyLive(
            KernelContext c,
            FloatArray out,
            FloatArray x,
            IntArray offsets,
            IntArray slots,
            IntArray p) {
        int i = c.globalIdx;
        if (i < p.get(0) && i / p.get(1) < offsets.get(p.get(4) + 1) && slots.get(p.get(5)) >= 0) {
            store(out, p.get(2) + i, load(x, p.get(3) + i));
        }
    }
}
