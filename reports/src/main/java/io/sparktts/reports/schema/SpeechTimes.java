package io.sparktts.reports.schema;

import java.util.List;

/**
 * How an utterance of a given length was spoken; rows of the benchmark {@code speech} have it.
 *
 * @param promptTokens what the model was given
 * @param newTokens what it made, all of them semantic
 * @param audioSeconds of the utterance
 * @param prefill the prompt, up to the first token
 * @param perToken another token
 * @param codecPerSecond the codec's time for a second of audio, context decoded again included
 * @param firstAudio from the call to the first samples
 * @param realTimeFactor time taken over time spoken, of the median call
 * @param largestUnderrunMillis the longest wait, in any of the calls, of a player that starts with
 *     the first samples; 0 if none ran dry
 * @param timeline where the time of the median call went, in order
 */
public record SpeechTimes(
        int promptTokens,
        int newTokens,
        double audioSeconds,
        Timing prefill,
        Timing perToken,
        Timing codecPerSecond,
        Timing firstAudio,
        double realTimeFactor,
        double largestUnderrunMillis,
        List<Stage> timeline) {
    /**
     * A stretch of the call.
     *
     * @param name of {@link #PREFILL}, {@link #TOKENS} and {@link #CODEC}
     * @param startMillis since the call
     * @param endMillis since the call
     */
    public record Stage(String name, double startMillis, double endMillis) {
        /** The prompt through the model. */
        public static final String PREFILL = "prefill";

        /** Tokens, one after the other. */
        public static final String TOKENS = "tokens";

        /** A chunk of audio from its tokens. */
        public static final String CODEC = "codec";
    }

    public SpeechTimes {
        timeline = List.copyOf(timeline);
    }
}
