package io.sparktts.oracle;

import io.sparktts.backend.AttentionShape;

import java.util.ArrayList;
import java.util.List;

/**
 * The Qwen2 decoder in float64, token by token, composed of {@link Oracle}'s functions without any
 * rounding between them. Causal attention makes a prompt fed token by token equal to a prompt fed
 * at once.
 *
 * @param shape attention heads
 * @param epsilon of the norms
 * @param embedding {@code [vocabulary, hidden]}
 * @param layers in order
 * @param finalNorm {@code [hidden]}
 * @param head {@code [vocabulary, hidden]}
 * @param cos {@code [positions, headDim / 2]}
 * @param sin like {@code cos}
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record ModelOracle(
        AttentionShape shape,
        double epsilon,
        double[] embedding,
        List<Layer> layers,
        double[] finalNorm,
        double[] head,
        double[] cos,
        double[] sin) {
    /**
     * Weights of a layer, as in {@link io.sparktts.backend.LayerWeights}; {@code qkv} and {@code
     * gateUp} are joined along their rows.
     */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    public record Layer(
            double[] inputNorm,
            double[] qkv,
            double[] qkvBias,
            double[] output,
            double[] postAttentionNorm,
            double[] gateUp,
            double[] down) {}

    /** Keys and values of one sequence, per layer: {@code [positions, kvHeads, headDim]}. */
    public static final class Past {
        private final List<double[]> keys = new ArrayList<>();
        private final List<double[]> values = new ArrayList<>();

        private static double[] append(List<double[]> store, int layer, double[] more) {
            while (store.size() <= layer) {
                store.add(new double[0]);
            }
            double[] old = store.get(layer);
            double[] both = java.util.Arrays.copyOf(old, old.length + more.length);
            System.arraycopy(more, 0, both, old.length, more.length);
            store.set(layer, both);
            return both;
        }
    }

    /**
     * One layer for the token at {@code position}, whose predecessors {@code past} holds: {@code
     * [hidden]}.
     */
    public double[] layer(int index, double[] hidden, Past past, int position) {
        Layer w = layers.get(index);
        int width = shape.queryWidth();
        int kvWidth = shape.kvHeads() * shape.headDim();
        double[] qkv =
                Oracle.linear(Oracle.rmsNorm(hidden, w.inputNorm, epsilon), w.qkv, w.qkvBias);
        Oracle.rotary(qkv, 0, shape.heads() + shape.kvHeads(), shape.headDim(), position, cos, sin);
        double[] k = java.util.Arrays.copyOfRange(qkv, width, width + kvWidth);
        double[] v = java.util.Arrays.copyOfRange(qkv, width + kvWidth, width + 2 * kvWidth);
        double[] keys = Past.append(past.keys, index, k);
        double[] values = Past.append(past.values, index, v);
        double[] attended = Oracle.attention(qkv, 0, keys, values, position + 1, shape);
        double[] a = Oracle.add(hidden, Oracle.linear(attended, w.output, null));
        double[] normed = Oracle.rmsNorm(a, w.postAttentionNorm, epsilon);
        return Oracle.add(
                a,
                Oracle.linear(Oracle.siluMul(Oracle.linear(normed, w.gateUp, null)), w.down, null));
    }

    /** Embedding, all layers and the final norm for one token: {@code [hidden]}. */
    public double[] forward(int id, Past past, int position) {
        double[] hidden = Oracle.embedding(embedding, finalNorm.length, new int[] {id});
        for (int l = 0; l < layers.size(); l++) {
            hidden = layer(l, hidden, past, position);
        }
        return Oracle.rmsNorm(hidden, finalNorm, epsilon);
    }

    /** Logits of a normalised final hidden state: {@code [vocabulary]}. */
    public double[] logits(double[] normed) {
        return Oracle.linear(normed, head, null);
    }
}
