package io.sparktts.backend;

import org.jspecify.annotations.Nullable;

import java.util.List;

/**
 * Weights of a Qwen2 language model.
 *
 * @param shape attention heads
 * @param dtype compute dtype: of activations and weights
 * @param rmsNormEpsilon added to the mean square
 * @param embedding {@code [vocabulary, hidden]}
 * @param layers the decoder layers, in order
 * @param finalNorm {@code [hidden]}
 * @param head {@code [choices, hidden]}; the embedding itself where tied
 * @param headBias {@code [choices]}, or null: {@code -inf} forbids a token
 * @param cos {@code [positions, headDim / 2]}, F32 (F64 where the model computes in it)
 * @param sin like {@code cos}
 */
public record ModelWeights(
        AttentionShape shape,
        DType dtype,
        double rmsNormEpsilon,
        Weight embedding,
        List<LayerWeights> layers,
        Tensor finalNorm,
        Weight head,
        @Nullable Tensor headBias,
        Tensor cos,
        Tensor sin)
        implements AutoCloseable {
    public ModelWeights {
        layers = List.copyOf(layers);
    }

    /**
     * These weights with a bias of the head, {@code [choices]} in {@link #dtype}, which stays the
     * caller's.
     */
    public ModelWeights withHeadBias(@Nullable Tensor bias) {
        return new ModelWeights(
                shape, dtype, rmsNormEpsilon, embedding, layers, finalNorm, head, bias, cos, sin);
    }

    /**
     * These weights with another vocabulary, which stays the caller's, and no bias of the head.
     *
     * @param embedding of the tokens that are fed
     * @param head of the tokens that are chosen from
     */
    public ModelWeights with(Weight embedding, Weight head) {
        return new ModelWeights(
                shape, dtype, rmsNormEpsilon, embedding, layers, finalNorm, head, null, cos, sin);
    }

    /** Width of the hidden state. */
    public int hidden() {
        return embedding.inFeatures();
    }

    /** Rows of the embedding: tokens that can be fed. */
    public int vocabulary() {
        return embedding.outFeatures();
    }

    /** Rows of the head: tokens that can be chosen. */
    public int choices() {
        return head.outFeatures();
    }

    /** Bytes of weights that one decode step reads: all layers, the norms and the head. */
    public long decodeBytes() {
        long bytes = head.byteSize() + finalNorm.byteSize();
        for (LayerWeights l : layers) {
            bytes +=
                    l.inputNorm().byteSize()
                            + l.qkv().byteSize()
                            + l.qkvBias().byteSize()
                            + l.output().byteSize()
                            + l.postAttentionNorm().byteSize()
                            + l.gateUp().byteSize()
                            + l.down().byteSize();
        }
        return bytes;
    }

    /** Whether the head is the embedding, one copy in memory. */
    @SuppressWarnings("ReferenceEquality")
    public boolean tied() {
        return head == embedding;
    }

    @Override
    public void close() {
        for (LayerWeights l : layers) {
            l.close();
        }
        if (!tied()) {
            head.close();
        }
        embedding.close();
        finalNorm.close();
        cos.close();
        sin.close();
    }
}
