package io.sparktts.backend;

/**
 * Heads of grouped-query attention. Query head {@code i} uses key/value head {@code i / (heads /
 * kvHeads)}.
 *
 * @param heads query heads
 * @param kvHeads key/value heads, a divisor of {@code heads}
 * @param headDim width of a head, even
 */
public record AttentionShape(int heads, int kvHeads, int headDim) {
    public AttentionShape {
        if (heads <= 0
                || kvHeads <= 0
                || heads % kvHeads != 0
                || headDim <= 0
                || headDim % 2 != 0) {
            throw new IllegalArgumentException(
                    "heads "
                            + heads
                            + ", kvHeads "
                            + kvHeads
                            + ", headDim "
                            + headDim
                            + ": heads must be a multiple of kvHeads and headDim even");
        }
    }

    /** Query heads that share a key/value head. */
    public int group() {
        return heads / kvHeads;
    }

    /** Columns of the queries and of the output. */
    public int queryWidth() {
        return heads * headDim;
    }

    /** Columns of a row that joins queries, keys and values, in this order. */
    public int qkvWidth() {
        return (heads + 2 * kvHeads) * headDim;
    }
}
