package io.sparktts.backend;

/**
 * How the next token is chosen, in Hugging Face's order: temperature, top-k, top-p, softmax, one
 * draw.
 *
 * @param temperature divides the logits; positive
 * @param topK keeps logits not below the k-th largest (ties may keep more); 0 keeps all
 * @param topP keeps the smallest set of largest probabilities whose mass reaches it; at least 1
 *     keeps all
 * @param greedy takes the largest logit (the first of equals) and ignores the rest
 */
public record Sampling(double temperature, int topK, double topP, boolean greedy) {
    /** The largest logit. */
    public static final Sampling GREEDY = new Sampling(1, 0, 1, true);

    /** The defaults of the published Spark-TTS. */
    public static final Sampling SPARK_TTS = new Sampling(0.8, 50, 0.95, false);

    public Sampling {
        if (!(temperature > 0) || topK < 0 || !(topP >= 0)) {
            throw new IllegalArgumentException(
                    "temperature must be positive, top-k and top-p not negative: "
                            + temperature
                            + ", "
                            + topK
                            + ", "
                            + topP);
        }
    }

    /** Random sampling. */
    public static Sampling of(double temperature, int topK, double topP) {
        return new Sampling(temperature, topK, topP, false);
    }
}
