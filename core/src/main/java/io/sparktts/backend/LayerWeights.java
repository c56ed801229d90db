package io.sparktts.backend;

/**
 * Weights of one Qwen2 decoder layer.
 *
 * @param inputNorm {@code [hidden]}
 * @param qkv {@code [qkvWidth, hidden]}
 * @param qkvBias {@code [qkvWidth]}
 * @param output {@code [hidden, queryWidth]}
 * @param postAttentionNorm {@code [hidden]}
 * @param gateUp {@code [2 * intermediate, hidden]}
 * @param down {@code [hidden, intermediate]}
 */
public record LayerWeights(
        Tensor inputNorm,
        Weight qkv,
        Tensor qkvBias,
        Weight output,
        Tensor postAttentionNorm,
        Weight gateUp,
        Weight down)
        implements AutoCloseable {
    @Override
    public void close() {
        inputNorm.close();
        qkv.close();
        qkvBias.close();
        output.close();
        postAttentionNorm.close();
        gateUp.close();
        down.close();
    }
}
