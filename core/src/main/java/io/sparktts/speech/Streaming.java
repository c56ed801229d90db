package io.sparktts.speech;

/**
 * How audio is cut in chunks while tokens are generated.
 *
 * @param mode what a chunk is decoded from
 * @param firstTokens tokens of the first chunk: 50 are a second of the published codec
 * @param growth each chunk is this many times the one before
 * @param mostTokens at most so many tokens in a chunk
 * @param overlapTokens tokens by which chunks overlap in {@link Mode#FAST}
 */
public record Streaming(
        Mode mode, int firstTokens, double growth, int mostTokens, int overlapTokens) {
    /** Where the samples of a chunk come from. */
    public enum Mode {
        /**
         * With the codec's receptive field on both sides: the samples of the whole utterance, which
         * a chunk waits for.
         */
        EXACT,
        /** The chunk's tokens alone; neighbours are cross-faded, as the reference client does. */
        FAST
    }

    /** Half a second first, then twice as much each time; overlap as the reference server has. */
    public static final Streaming DEFAULT = new Streaming(Mode.EXACT, 25, 2, 1500, 5);

    public Streaming {
        if (firstTokens < 1 || growth < 1 || mostTokens < firstTokens || overlapTokens < 0) {
            throw new IllegalArgumentException(
                    "a stream's chunks start with at least 1 token, do not shrink, and are not"
                            + " limited below the first");
        }
        if (overlapTokens >= firstTokens && mode == Mode.FAST) {
            throw new IllegalArgumentException(
                    "chunks of "
                            + firstTokens
                            + " tokens cannot overlap by "
                            + overlapTokens);
        }
    }

    /** The same in another mode. */
    public Streaming withMode(Mode m) {
        return new Streaming(m, firstTokens, growth, mostTokens, overlapTokens);
    }

    /** The same with another first chunk. */
    public Streaming withFirstTokens(int n) {
        return new Streaming(mode, n, growth, Math.max(n, mostTokens), overlapTokens);
    }
}
