package io.sparktts.speech;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Where the time of one call goes, and how its audio would play. */
final class Stopwatch {
    private final long begin = System.nanoTime();
    private final int sampleRate;
    private long prefill;
    private long generation;
    private final List<Speech.Chunk> chunks = new ArrayList<>();
    private int chunksBefore;
    private long firstAudio = -1;
    private long samples;
    private long underrun;

    Stopwatch(int sampleRate) {
        this.sampleRate = sampleRate;
    }

    /** Generation begins; what the codec does from now on is not its time. */
    void generating() {
        chunksBefore = chunks.size();
    }

    /**
     * Adds to the stages of generation, which end now.
     *
     * @param tokenTime with the codec's, where chunks were decoded as their tokens came
     */
    void generated(Duration prefillTime, Duration tokenTime) {
        prefill += prefillTime.toNanos();
        generation += tokenTime.toNanos() - codec(chunks.subList(chunksBefore, chunks.size()));
    }

    /** Time since {@code start}, a {@link System#nanoTime}, was the codec's. */
    void decoded(long start, int samples) {
        Duration from = Duration.ofNanos(start - begin);
        Duration to = Duration.ofNanos(System.nanoTime() - begin);
        chunks.add(new Speech.Chunk(from, to, samples));
    }

    private static long codec(List<Speech.Chunk> chunks) {
        return chunks.stream().mapToLong(c -> c.end().minus(c.start()).toNanos()).sum();
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

    /** All of it; the codec's time within generation counts as the codec's alone. */
    Speech.Timings timings() {
        long total = System.nanoTime() - begin;
        return new Speech.Timings(
                Duration.ofNanos(prefill),
                Duration.ofNanos(generation),
                Duration.ofNanos(codec(chunks)),
                Duration.ofNanos(total),
                Duration.ofNanos(firstAudio < 0 ? total : firstAudio),
                Duration.ofNanos(underrun),
                chunks);
    }
}
