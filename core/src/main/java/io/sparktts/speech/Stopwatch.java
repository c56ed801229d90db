package io.sparktts.speech;

import java.time.Duration;

/** Where the time of one call goes, and how its audio would play. */
final class Stopwatch {
    private final long begin = System.nanoTime();
    private final int sampleRate;
    private long prefill;
    private long generation;
    private long codec;
    private long firstAudio = -1;
    private long samples;
    private long underrun;

    Stopwatch(int sampleRate) {
        this.sampleRate = sampleRate;
    }

    /** Adds to the stages of generation. */
    void generated(Duration prefillTime, Duration tokenTime) {
        prefill += prefillTime.toNanos();
        generation += tokenTime.toNanos();
    }

    /** Time since {@code start}, a {@link System#nanoTime}, was the codec's. */
    void decoded(long start) {
        codec += System.nanoTime() - start;
    }

    /** Samples are handed out now. */
    void handedOut(int n) {
        if (n == 0) {
            return;
        }
        long now = System.nanoTime() - begin;
        if (firstAudio < 0) {
            firstAudio = now;
        } else {
            long played = (long) (samples * 1e9 / sampleRate);
            underrun = Math.max(underrun, now - firstAudio - played);
        }
        samples += n;
    }

    /** All of it; the codec's time within generation counts as the codec's. */
    Speech.Timings timings() {
        long total = System.nanoTime() - begin;
        return new Speech.Timings(
                Duration.ofNanos(prefill),
                Duration.ofNanos(generation),
                Duration.ofNanos(codec),
                Duration.ofNanos(total),
                Duration.ofNanos(firstAudio < 0 ? total : firstAudio),
                Duration.ofNanos(underrun));
    }
}
