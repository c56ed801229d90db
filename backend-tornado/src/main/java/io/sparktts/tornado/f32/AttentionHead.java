package io.sparktts.tornado.f32;

import static io.sparktts.tornado.kernel.Elements.load;
import static io.sparktts.tornado.kernel.Elements.store;

import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** One head of attention for one query, wherever its keys and values lie. */
final class AttentionHead {
    private AttentionHead() {}

    /**
     * Attention with an online softmax over keys in blocks, whose scores and the running sum of
     * values are kept in {@code work}.
     *
     * @param o where the output's {@code dim} elements begin
     * @param query where the query begins
     * @param key where the first key begins
     * @param value where the first value begins
     * @param stride elements from a key, or value, to the next
     * @param seen how many keys
     * @param scores where {@code block + dim} elements of {@code work} begin
     */
    static void attend(
            FloatArray out,
            int o,
            FloatArray queries,
            int query,
            FloatArray keys,
            int key,
            FloatArray values,
            int value,
            int stride,
            int seen,
            int dim,
            int block,
            FloatArray workF32,
            int scores) {
        int sums = scores + block;
        float scale = 1f / TornadoMath.sqrt((float) dim);
        float max = -3.0e38f;
        float total = 0f;
        for (int j = 0; j < dim; j++) {
            workF32.set(sums + j, 0f);
        }
        for (int first = 0; first < seen; first += block) {
            int count = Math.min(block, seen - first);
            float blockMax = max;
            for (int k = 0; k < count; k++) {
                int row = key + (first + k) * stride;
                float score = 0f;
                for (int j = 0; j < dim; j++) {
                    score += load(queries, query + j) * load(keys, row + j);
                }
                score = score * scale;
                workF32.set(scores + k, score);
                blockMax = TornadoMath.max(blockMax, score);
            }
            float shrink = TornadoMath.exp(max - blockMax);
            total = total * shrink;
            max = blockMax;
            for (int j = 0; j < dim; j++) {
                workF32.set(sums + j, workF32.get(sums + j) * shrink);
            }
            for (int k = 0; k < count; k++) {
                float weight = TornadoMath.exp(workF32.get(scores + k) - max);
                total += weight;
                int row = value + (first + k) * stride;
                for (int j = 0; j < dim; j++) {
                    workF32.set(sums + j, workF32.get(sums + j) + weight * load(values, row + j));
                }
            }
        }
        for (int j = 0; j < dim; j++) {
            store(out, o + j, workF32.get(sums + j) / total);
        }
    }
}
