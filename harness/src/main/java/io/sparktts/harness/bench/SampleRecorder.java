package io.sparktts.harness.bench;

import java.util.Arrays;

/**
 * Keeps samples without allocating: all of them up to a limit, then every second, every fourth and
 * so on, so that those kept spread evenly over the whole time.
 */
final class SampleRecorder {
    /** As many as fit a line of a result file that people still open. */
    static final int CAPACITY = 1024;

    private final long[] wall = new long[CAPACITY];
    private final long[] device = new long[CAPACITY];
    private int kept;
    private long seen;
    private long stride = 1;

    void add(long wallNanos, long deviceNanos) {
        if (seen++ % stride != 0) {
            return;
        }
        if (kept == CAPACITY) {
            for (int i = 0; i < CAPACITY / 2; i++) {
                wall[i] = wall[2 * i];
                device[i] = device[2 * i];
            }
            kept = CAPACITY / 2;
            stride *= 2;
        }
        wall[kept] = wallNanos;
        device[kept] = deviceNanos;
        kept++;
    }

    /** Calls, whether kept or not. */
    long calls() {
        return seen;
    }

    long[] wallNanos() {
        return Arrays.copyOf(wall, kept);
    }

    long[] deviceNanos() {
        return Arrays.copyOf(device, kept);
    }
}
