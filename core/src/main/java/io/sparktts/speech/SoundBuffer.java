package io.sparktts.speech;

import java.util.Arrays;

/** Samples that grow at the end. */
final class SoundBuffer {
    private float[] samples = new float[1 << 14];
    private int count;

    void append(float[] more) {
        int needed = Math.addExact(count, more.length);
        if (needed > samples.length) {
            samples = Arrays.copyOf(samples, Math.max(needed, 2 * samples.length));
        }
        System.arraycopy(more, 0, samples, count, more.length);
        count = needed;
    }

    float[] toArray() {
        return Arrays.copyOf(samples, count);
    }

    /** One array after the other. */
    static int[] joined(int[] a, int[] b) {
        int[] all = Arrays.copyOf(a, a.length + b.length);
        System.arraycopy(b, 0, all, a.length, b.length);
        return all;
    }
}
