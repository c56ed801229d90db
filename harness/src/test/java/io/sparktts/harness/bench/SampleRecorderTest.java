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
            r.add(2 * i);
        }
        assertArrayEquals(new long[] {0, 2, 4, 6, 8}, r.nanos());
        assertEquals(5, r.count());
        r.clear();
        assertEquals(0, r.count());
    }

    @Test
    void thinsManyEvenly() {
        SampleRecorder r = new SampleRecorder();
        long calls = 10_000;
        LongStream.range(0, calls).forEach(r::add);
        long[] kept = r.nanos();
        assertEquals(calls, r.count());
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
