package io.sparktts.tornado.f32;

import static io.sparktts.tornado.kernel.Elements.load;
import static io.sparktts.tornado.kernel.Elements.store;

import io.sparktts.tornado.kernel.Tokens;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Operations on tokens of sequences of different lengths. Keys and values are kept as {@code
 * [layer][slot][kvHead][capacity][headDim]}.
 */
public final class SequenceKernels {
    private SequenceKernels() {}

    /** p: tokens, qkvWidth, heads (queries and keys), headDim; qkv, positions, cos, sin. */
    public static void rotary(
            KernelContext c,
            FloatArray qkv,
            IntArray positions,
            FloatArray cosF32,
            FloatArray sinF32,
            IntArray p) {
        int t = c.globalIdx;
        if (t < p.get(0)) {
            int heads = p.get(2);
            int dim = p.get(3);
            int half = dim / 2;
            int row = p.get(4) + t * p.get(1);
            int angle = positions.get(p.get(5) + t) * half;
            for (int h = 0; h < heads; h++) {
                for (int j = 0; j < half; j++) {
                    int i = row + h * dim + j;
                    float cos = cosF32.get(p.get(6) + angle + j);
                    float sin = sinF32.get(p.get(7) + angle + j);
                    float a = load(qkv, i);
                    float b = load(qkv, i + half);
                    store(qkv, i, a * cos - b * sin);
                    store(qkv, i + half, b * cos + a * sin);
                }
            }
        }
    }

    /**
     * p: tokens, batch, qkvWidth, queryWidth, kvHeads, headDim, capacity, first element of the
     * layer; qkv, tokenOffsets, positions, slot.
     */
    public static void cacheWrite(
            KernelContext c,
            FloatArray keys,
            FloatArray values,
            FloatArray qkv,
            IntArray offsets,
            IntArray positions,
            IntArray slots,
            IntArray p) {
        int t = c.globalIdx;
        int slot = Tokens.slot(t, p.get(1), offsets, p.get(9), slots, p.get(11));
        if (t < p.get(0) && slot >= 0) {
            int kvHeads = p.get(4);
            int dim = p.get(5);
            int width = kvHeads * dim;
            int from = p.get(8) + t * p.get(2) + p.get(3);
            int position = positions.get(p.get(10) + t);
            for (int h = 0; h < kvHeads; h++) {
                int to = p.get(7) + ((slot * kvHeads + h) * p.get(6) + position) * dim;
                for (int j = 0; j < dim; j++) {
                    store(keys, to + j, load(qkv, from + h * dim + j));
                    store(values, to + j, load(qkv, from + width + h * dim + j));
                }
            }
        }
    }

    /**
     * A work-item makes one head of one token; {@code work} is {@code [tokens * heads, block +
     * headDim]}.
     *
     * <p>p: tokens, batch, qkvWidth, heads, kvHeads, headDim, capacity, first element of the layer,
     * block; out, qkv, tokenOffsets, positions, slot, work.
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
            FloatArray workF32,
            IntArray p) {
        int i = c.globalIdx;
        int heads = p.get(3);
        int t = i / heads;
        int slot = Tokens.slot(t, p.get(1), offsets, p.get(11), slots, p.get(13));
        if (t < p.get(0) && slot >= 0) {
            int h = i % heads;
            int kvHeads = p.get(4);
            int dim = p.get(5);
            int block = p.get(8);
            int cached = p.get(7) + (slot * kvHeads + h / (heads / kvHeads)) * p.get(6) * dim;
            AttentionHead.attend(
                    out,
                    p.get(9) + i * dim,
                    qkv,
                    p.get(10) + t * p.get(2) + h * dim,
                    keys,
                    cached,
                    values,
                    cached,
                    dim,
                    positions.get(p.get(12) + t) + 1,
                    dim,
                    block,
                    workF32,
                    p.get(14) + i * (block + dim));
        }
    }
}
