package io.sparktts.harness.bench;

import java.util.Arrays;

/**
 * Keeps samples without allocating: all of them up to a limit, then every second, every fourth and
 * so on, so that those kept spread evenly over the whole time.
 */
final class SampleRecorder {
    /** As many as fit a line of a result file that people still open. */
    static final int CAPACITY = 1024;

    private final long[] nanos = new long[CAPACITY];
    private int kept;
    private long seen;
    private long stride = 1;

    void add(long value) {
        if (seen++ % stride != 0) {
            return;
        }
        if (kept == CAPACITY) {
            for (int i = 0; i < CAPACITY / 2; i++) {
                nanos[i] = nanos[2 * i];
            }
            kept = CAPACITY / 2;
            stride *= 2;
        }
        nanos[kept] = value;
        kept++;
    }

    /** Adds what another recorder kept. */
    void addAll(SampleRecorder other) {
        for (int i = 0; i < other.kept; i++) {
            add(other.nanos[i]);
        }
    }

    void clear() {
        kept = 0;
        seen = 0;
        stride = 1;
    }

    /** Samples, whether kept or not. */
    long count() {
        return seen;
    }

    long[] nanos() {
        return Arrays.copyOf(nanos, kept);
    }
}
