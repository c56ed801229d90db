package io.sparktts.model;

/**
 * Sizes and constants of a Qwen2 language model.
 *
 * @param hiddenSize width of the hidden state
 * @param layers decoder layers
 * @param heads query heads
 * @param kvHeads key/value heads, a divisor of {@code heads}
 * @param headDim width of a head, even
 * @param intermediateSize width of the MLP
 * @param vocabSize rows of the embedding
 * @param maxPositions longest sequence
 * @param rmsNormEps added to the mean square
 * @param ropeTheta base of the rotary frequencies
 * @param tiedHead whether the head is the embedding
 * @param bosToken begin-of-sequence id; -1 if none
 * @param eosToken end-of-sequence id; -1 if none
 */
public record Qwen2Config(
        int hiddenSize,
        int layers,
        int heads,
        int kvHeads,
        int headDim,
        int intermediateSize,
        int vocabSize,
        int maxPositions,
        double rmsNormEps,
        double ropeTheta,
        boolean tiedHead,
        int bosToken,
        int eosToken) {
    /** The tables of rotary embedding hold every position: 256 MB at this many. */
    private static final int MOST_POSITIONS = 1 << 20;

    /** The published Spark-TTS-0.5B. */
    public static final Qwen2Config SPARK_TTS_0_5B =
            new Qwen2Config(
                    896, 24, 14, 2, 64, 4864, 166_000, 32_768, 1e-6, 1e6, true, 151_643, 151_645);

    /** The same model at a size for tests. */
    public static final Qwen2Config TINY =
            new Qwen2Config(64, 2, 4, 2, 16, 160, 704, 1024, 1e-6, 1e6, true, 470, 472);

    public Qwen2Config {
        Require.positive("hidden_size", hiddenSize);
        Require.positive("num_hidden_layers", layers);
        Require.positive("num_attention_heads", heads);
        Require.positive("num_key_value_heads", kvHeads);
        Require.positive("head_dim", headDim);
        Require.positive("intermediate_size", intermediateSize);
        Require.positive("vocab_size", vocabSize);
        Require.positive("max_position_embeddings", maxPositions);
        if (maxPositions > MOST_POSITIONS) {
            throw new IllegalArgumentException(
                    "max_position_embeddings "
                            + maxPositions
                            + " is more than "
                            + MOST_POSITIONS
                            + ", the most that the tables of rotary embedding are made for");
        }
        Require.multiple("num_attention_heads", heads, "num_key_value_heads", kvHeads);
        if (headDim % 2 != 0) {
            throw new IllegalArgumentException("head_dim " + headDim + " is odd");
        }
        if (!(rmsNormEps >= 0) || !(ropeTheta > 0)) {
            throw new IllegalArgumentException(
                    "rms_norm_eps " + rmsNormEps + ", rope_theta " + ropeTheta);
        }
    }

    /** The same model with another number of layers. */
    public Qwen2Config withLayers(int count) {
        return new Qwen2Config(
                hiddenSize,
                count,
                heads,
                kvHeads,
                headDim,
                intermediateSize,
                vocabSize,
                maxPositions,
                rmsNormEps,
                ropeTheta,
                tiedHead,
                bosToken,
                eosToken);
    }

    /** The same model with another vocabulary size. */
    public Qwen2Config withVocabulary(int size) {
        return new Qwen2Config(
                hiddenSize,
                layers,
                heads,
                kvHeads,
                headDim,
                intermediateSize,
                size,
                maxPositions,
                rmsNormEps,
                ropeTheta,
                tiedHead,
                bosToken,
                eosToken);
    }

    /** The same model with other tokens that begin and end a text. */
    public Qwen2Config withTokens(int bos, int eos) {
        return new Qwen2Config(
                hiddenSize,
                layers,
                heads,
                kvHeads,
                headDim,
                intermediateSize,
                vocabSize,
                maxPositions,
                rmsNormEps,
                ropeTheta,
                tiedHead,
                bos,
                eos);
    }
}
