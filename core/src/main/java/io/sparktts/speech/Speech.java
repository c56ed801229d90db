package io.sparktts.speech;

import io.sparktts.audio.Audio;

import org.jspecify.annotations.Nullable;

import java.time.Duration;
import java.util.List;

/**
 * What was spoken.
 *
 * @param segments the pieces of the text, in order
 * @param global tokens of the voice: the given ones, or those that the model made up
 * @param sound the whole audio; null if there is none, for the reason in {@code problem}
 * @param problem why there is no audio, one line; null if there is
 * @param timings where the time went
 */
@SuppressWarnings("ArrayRecordComponent") // data to read, never compared
public record Speech(
        List<Segment> segments,
        int[] global,
        @Nullable Audio sound,
        @Nullable String problem,
        Timings timings) {
    /**
     * A piece of the text.
     *
     * @param text as it was split off
     * @param promptIds what the model was given
     * @param newIds what it answered, without the end token
     * @param semantic semantic tokens among {@code newIds}
     * @param cut whether a limit ended it, not the model
     */
    @SuppressWarnings("ArrayRecordComponent")
    public record Segment(
            String text, int[] promptIds, int[] newIds, int[] semantic, boolean cut) {}

    /**
     * Where the time of a call went.
     *
     * @param prefill prompts through the model, up to the first token
     * @param generation the other tokens, without the chunks that were decoded between them
     * @param codec tokens to audio
     * @param total from the call to its end
     * @param firstAudio from the call to the first samples that were handed out
     * @param underrun the longest that a player who starts with the first samples would wait for
     *     more; zero if never
     * @param chunks the codec's work, piece by piece
     */
    public record Timings(
            Duration prefill,
            Duration generation,
            Duration codec,
            Duration total,
            Duration firstAudio,
            Duration underrun,
            List<Chunk> chunks) {
        public Timings {
            chunks = List.copyOf(chunks);
        }
    }

    /**
     * One piece of the codec's work.
     *
     * @param start since the call
     * @param end since the call
     * @param samples that came out
     */
    public record Chunk(Duration start, Duration end, int samples) {}

    public Speech {
        segments = List.copyOf(segments);
    }

    /**
     * The whole audio.
     *
     * @throws SpeechException if the model said nothing that can be spoken
     */
    public Audio audio() {
        if (sound == null) {
            throw new SpeechException(problem == null ? "there is no audio" : problem);
        }
        return sound;
    }

    /** New tokens of all segments. */
    public int newTokens() {
        return segments.stream().mapToInt(s -> s.newIds().length).sum();
    }

    /** Time taken over time spoken: below 1 is faster than speech. Infinite without audio. */
    public double realTimeFactor() {
        double seconds = sound == null ? 0 : sound.seconds();
        return timings.total().toNanos() / 1e9 / seconds;
    }
}
