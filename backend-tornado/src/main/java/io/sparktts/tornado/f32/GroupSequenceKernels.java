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
                KernelCode.of(here, "rotaryWrite", GroupSequenceKernels::rotaryWrite),
                KernelCode.ofGroups(here, "attention", GroupSequenceKernels::attention));
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
     * Turns queries and keys, and writes keys and values to the cache. A work-item has two elements
     * of a head, half its width apart.
     *
     * <p>p: tokens, batch, qkvWidth, heads, kvHeads, headDim, capacity, first element of the layer;
     * qkv, positions, cos, sin, tokenOffsets, slot.
     */
    public static void rotaryWrite(
            KernelContext c,
            FloatArray qkv,
            FloatArray keys,
            FloatArray values,
            IntArray positions,
            FloatArray cosF32,
            FloatArray sinF32,
            IntArray offsets,
            IntArray slots,
            IntArray p) {
        int i = c.globalIdx;
        int heads = p.get(3);
        int kvHeads = p.get(4);
        int dim = p.get(5);
        int half = dim / 2;
        int pairs = (heads + 2 * kvHeads) * half;
        int t = i / pairs;
        if (t < p.get(0)) {
            int head = i % pairs / half;
            int j = i % half;
            int at = p.get(8) + t * p.get(2) + head * dim + j;
            int position = positions.get(p.get(9) + t);
            float a = load(qkv, at);
            float b = load(qkv, at + half);
            if (head < heads + kvHeads) {
                float cos = cosF32.get(p.get(10) + position * half + j);
                float sin = sinF32.get(p.get(11) + position * half + j);
                float turned = a * cos - b * sin;
                b = b * cos + a * sin;
                a = turned;
                store(qkv, at, a);
                store(qkv, at + half, b);
            }
            int slot = Tokens.slot(t, p.get(1), offsets, p.get(12), slots, p.get(13));
            if (head >= heads && slot >= 0) {
                int row = slot * kvHeads + (head - heads) % kvHeads;
                int to = p.get(7) + (row * p.get(6) + position) * dim + j;
                if (head < heads + kvHeads) {
                    store(keys, to, a);
                    store(keys, to + half, b);
                } else {
                    store(values, to, a);
                    store(values, to + half, b);
                }
            }
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
}
