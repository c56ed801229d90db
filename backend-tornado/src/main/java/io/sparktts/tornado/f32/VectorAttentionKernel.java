package io.sparktts.tornado.f32;

import io.sparktts.tornado.kernel.Float8s;
import io.sparktts.tornado.kernel.Tokens;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.collections.VectorFloat8;
import uk.ac.manchester.tornado.api.types.vectors.Float8;

/** Attention for processors and heads of whole vectors of eight. */
public final class VectorAttentionKernel {
    private VectorAttentionKernel() {}

    /** Sizes are those of {@link SequenceKernels#attention}. */
    public static void attention(
            KernelContext c,
            FloatArray out,
            FloatArray qkv,
            FloatArray keys,
            FloatArray values,
            IntArray offsets,
            IntArray positions,
            IntArray slots,
            FloatArray work,
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
            attend(
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
                    work,
                    p.get(14) + i * (block + dim));
        }
    }

    /** Sizes are those of {@link CodecKernels#attention}. */
    public static void bidirectional(
            KernelContext c,
            FloatArray out,
            FloatArray q,
            FloatArray k,
            FloatArray v,
            FloatArray work,
            IntArray p) {
        int i = c.globalIdx;
        int heads = p.get(2);
        if (i < p.get(0) * heads) {
            int dim = p.get(3);
            int block = p.get(4);
            int head = i % heads * dim;
            attend(
                    out,
                    p.get(5) + i * dim,
                    q,
                    p.get(6) + i * dim,
                    k,
                    p.get(7) + head,
                    v,
                    p.get(8) + head,
                    heads * dim,
                    p.get(1),
                    dim,
                    block,
                    work,
                    p.get(9) + i * (block + dim));
        }
    }

    /**
     * As {@link AttentionHead#attend}. Within a block the scores come first, then the sums of
     * values, eight columns of all its keys at a time, which stay in a register.
     */
    private static void attend(
            FloatArray outArray,
            int o,
            FloatArray queriesArray,
            int queryElement,
            FloatArray keysArray,
            int keyElement,
            FloatArray valuesArray,
            int valueElement,
            int strideElements,
            int seen,
            int elements,
            int block,
            FloatArray work,
            int scores) {
        VectorFloat8 out = new VectorFloat8(outArray);
        VectorFloat8 queries = new VectorFloat8(queriesArray);
        VectorFloat8 keys = new VectorFloat8(keysArray);
        VectorFloat8 values = new VectorFloat8(valuesArray);
        VectorFloat8 sums = new VectorFloat8(work);
        int dim = elements / 8;
        int stride = strideElements / 8;
        int query = queryElement / 8;
        int sum = (scores + block) / 8;
        float scale = 1f / TornadoMath.sqrt((float) elements);
        float max = -3.0e38f;
        float total = 0f;
        for (int first = 0; first < seen; first += block) {
            int count = Math.min(block, seen - first);
            int keyRow = keyElement / 8 + first * stride;
            float blockMax = max;
            for (int k = 0; k < count; k++) {
                int key = keyRow + k * stride;
                Float8 products = Float8.mult(queries.get(query), keys.get(key));
                for (int j = 1; j < dim; j++) {
                    Float8 more = Float8.mult(queries.get(query + j), keys.get(key + j));
                    products = Float8.add(products, more);
                }
                float score = Float8s.sum(products) * scale;
                work.set(scores + k, score);
                blockMax = TornadoMath.max(blockMax, score);
            }
            float shrink = TornadoMath.exp(max - blockMax);
            total = total * shrink;
            max = blockMax;
            for (int k = 0; k < count; k++) {
                float weight = TornadoMath.exp(work.get(scores + k) - max);
                work.set(scores + k, weight);
                total += weight;
            }
            int valueRow = valueElement / 8 + first * stride;
            for (int j = 0; j < dim; j++) {
                Float8 column = Float8.mult(values.get(valueRow + j), work.get(scores));
                for (int k = 1; k < count; k++) {
                    float weight = work.get(scores + k);
                    Float8 more = Float8.mult(values.get(valueRow + k * stride + j), weight);
                    column = Float8.add(column, more);
                }
                if (first > 0) {
                    column = Float8.add(column, Float8.mult(sums.get(sum + j), shrink));
                }
                sums.set(sum + j, column);
            }
        }
        float factor = 1f / total;
        for (int j = 0; j < dim; j++) {
            out.set(o / 8 + j, Float8.mult(sums.get(sum + j), factor));
        }
    }
}
