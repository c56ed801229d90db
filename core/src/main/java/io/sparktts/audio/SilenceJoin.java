package io.sparktts.audio;

import java.util.Arrays;

/**
 * Joins sentences that were generated one by one: cuts near-silence at both ends of each down to a
 * short rest, fades the ends, and puts a fixed pause between. Quiet places inside a sentence stay.
 * It works while chunks of a sentence arrive; a sentence that is near-silence throughout adds
 * nothing, not even its pause.
 *
 * <p>Fades are linear from and to zero, so no step at a join is larger than the sentences' own by
 * more than {@code peak / fade length in samples}.
 */
public final class SilenceJoin {
    private final Settings settings;

    /** Lengths in samples. */
    private final int keep;

    private final int pause;
    private final int fade;

    /** Samples of the current sentence that are not out yet: the first {@code held} entries. */
    private float[] buffer = new float[1 << 12];

    private int held;

    /** One past the last loud sample in {@link #buffer}; 0 or less if none of those held is. */
    private int loudEnd;

    /** Whether the current sentence has had a loud sample. */
    private boolean speaking;

    /** Samples of the current sentence that are out. */
    private long played;

    /** Whether a sentence came before the current one. */
    private boolean pauseDue;

    /**
     * How sentences are joined.
     *
     * @param threshold amplitudes up to this are near-silence
     * @param keepMillis near-silence that stays at either end of a sentence
     * @param pauseMillis silence put between sentences
     * @param fadeMillis length of the fades at both ends
     */
    public record Settings(
            double threshold, double keepMillis, double pauseMillis, double fadeMillis) {
        /**
         * Near-silence is below -46 dB of full scale, under the breaths of generated speech; with
         * what is kept, speech rests 0.3 s between sentences.
         */
        public static final Settings DEFAULT = new Settings(0.005, 50, 200, 5);

        /**
         * @throws IllegalArgumentException if a value makes no sense, naming it
         */
        public Settings {
            check(threshold >= 0 && threshold < 1, "threshold " + threshold + "; valid: [0, 1)");
            checkMillis("kept silence", keepMillis);
            checkMillis("pause", pauseMillis);
            checkMillis("fade", fadeMillis);
        }

        private static void checkMillis(String what, double millis) {
            check(millis >= 0 && millis <= 10_000, what + " " + millis + " ms; valid: 0 to 10000");
        }

        private static void check(boolean holds, String problem) {
            if (!holds) {
                throw new IllegalArgumentException(problem);
            }
        }
    }

    /**
     * @param sampleRate of the sentences, in hertz
     */
    public SilenceJoin(Settings settings, int sampleRate) {
        this.settings = settings;
        keep = samples(settings.keepMillis(), sampleRate);
        pause = samples(settings.pauseMillis(), sampleRate);
        fade = samples(settings.fadeMillis(), sampleRate);
    }

    private static int samples(double millis, int sampleRate) {
        return (int) Math.round(millis * sampleRate / 1000);
    }

    /**
     * Adds a chunk of the current sentence.
     *
     * @return the samples that can be played now
     */
    public float[] push(float[] chunk) {
        append(chunk);
        boolean starts = !speaking;
        for (int i = held - chunk.length; i < held; i++) {
            if (Math.abs(buffer[i]) > settings.threshold()) {
                if (!speaking) {
                    speaking = true;
                    int cut = Math.max(0, i - keep);
                    drop(cut);
                    i -= cut;
                }
                loudEnd = i + 1;
            }
        }
        if (!speaking) {
            drop(Math.max(0, held - keep));
            return new float[0];
        }
        // the sentence ends here at the earliest, and its last samples will be faded
        return take(Math.max(0, sentenceEnd() - fade), starts);
    }

    /**
     * Ends the current sentence; the next chunk begins another.
     *
     * @return the last samples of the sentence
     */
    public float[] endSentence() {
        float[] last = new float[0];
        if (speaking) {
            int end = sentenceEnd();
            for (int i = Math.max(0, end - fade); i < end; i++) {
                buffer[i] = (float) (buffer[i] * ((double) (end - 1 - i) / fade));
            }
            last = take(end, false);
            pauseDue = true;
        }
        held = 0;
        loudEnd = 0;
        played = 0;
        speaking = false;
        return last;
    }

    private int sentenceEnd() {
        return Math.min(loudEnd + keep, held);
    }

    /** Takes the first {@code n} held samples, faded in where they begin the sentence. */
    private float[] take(int n, boolean starts) {
        int before = starts && pauseDue ? pause : 0;
        float[] out = new float[before + n];
        for (int i = 0; i < n; i++) {
            long at = played + i;
            out[before + i] = at < fade ? (float) (buffer[i] * ((double) at / fade)) : buffer[i];
        }
        played += n;
        drop(n);
        return out;
    }

    private void append(float[] chunk) {
        int needed = Math.addExact(held, chunk.length);
        if (needed > buffer.length) {
            buffer = Arrays.copyOf(buffer, Math.max(needed, 2 * buffer.length));
        }
        System.arraycopy(chunk, 0, buffer, held, chunk.length);
        held = needed;
    }

    private void drop(int n) {
        System.arraycopy(buffer, n, buffer, 0, held - n);
        held -= n;
        loudEnd -= n;
    }
}
