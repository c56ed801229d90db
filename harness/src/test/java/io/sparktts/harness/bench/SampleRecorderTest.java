package io.sparktts.harness.bench;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.util.stream.LongStream;

class SampleRecorderTest {
    @Test
    void keepsAllOfFew() {
        SampleRecorder r = new SampleRecorder();
        for (long i = 0; i < 5; i++) {
            r.add(i, 2 * i);
        }
        assertArrayEquals(new long[] {0, 1, 2, 3, 4}, r.wallNanos());
        assertArrayEquals(new long[] {0, 2, 4, 6, 8}, r.deviceNanos());
        assertEquals(5, r.calls());
    }

    @Test
    void thinsManyEvenly() {
        SampleRecorder r = new SampleRecorder();
        long calls = 10_000;
        LongStream.range(0, calls).forEach(i -> r.add(i, i));
        long[] kept = r.wallNanos();
        assertEquals(calls, r.calls());
        assertTrue(
                kept.length > SampleRecorder.CAPACITY / 2
                        && kept.length <= SampleRecorder.CAPACITY);
        long stride = kept[1] - kept[0];
        for (int i = 0; i < kept.length; i++) {
            assertEquals(i * stride, kept[i]);
        }
        assertTrue(kept[kept.length - 1] + stride >= calls - stride);
    }
}
