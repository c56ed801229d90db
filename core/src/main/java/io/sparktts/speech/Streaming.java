package io.sparktts.speech;

import io.sparktts.audio.ChunkPlan;

/**
 * How audio is cut in chunks while tokens are generated.
 *
 * @param mode what a chunk is decoded from
 * @param plan how many tokens the chunks have; their overlap counts in {@link Mode#FAST} alone
 */
public record Streaming(Mode mode, ChunkPlan plan) {
    /** Where the samples of a chunk come from. */
    public enum Mode {
        /**
         * With the codec's receptive field on both sides: the samples of the whole utterance, but a
         * chunk waits for the frames after it.
         */
        EXACT,
        /** The chunk's tokens alone; neighbours are cross-faded, as the reference client does. */
        FAST
    }

    /** Half a second first, then twice as much each time, 0.1 s of overlap in fast mode. */
    public static final Streaming DEFAULT =
            new Streaming(Mode.EXACT, new ChunkPlan(25, 2, 1500, 5));

    /** The same in another mode. */
    public Streaming withMode(Mode m) {
        return new Streaming(m, plan);
    }

    /**
     * The same with another first chunk.
     *
     * @param tokens more than the overlap; 50 are a second of the published codec
     */
    public Streaming withFirst(int tokens) {
        return new Streaming(
                mode,
                new ChunkPlan(tokens, plan.growth(), Math.max(tokens, plan.cap()), plan.overlap()));
    }
}
