package io.sparktts.audio;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sparktts.audio.SilenceJoin.Settings;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

class SilenceJoinTest {
    private static final int RATE = 16_000;
    private static final Settings SETTINGS = new Settings(0.01, 20, 100, 5);
    private static final int KEEP = 320;
    private static final int PAUSE = 1600;
    private static final int FADE = 80;

    /** Near-silence, a tone with a rest inside, near-silence. */
    private static float[] sentence(long seed, int before, int tone, int after) {
        Random random = new Random(seed);
        float[] x = new float[before + tone + after];
        for (int i = 0; i < x.length; i++) {
            x[i] = 0.009f * (random.nextFloat() * 2 - 1);
        }
        for (int i = 0; i < tone; i++) {
            boolean rest = i > tone / 3 && i < tone / 2;
            x[before + i] += rest ? 0 : (float) (0.3 * Math.cos(i * 0.05));
        }
        x[before] = 0.3f;
        x[before + tone - 1] = -0.2f;
        return x;
    }

    private static float[] join(Settings settings, int chunk, float[]... sentences) {
        SilenceJoin join = new SilenceJoin(settings, RATE);
        List<float[]> parts = new ArrayList<>();
        for (float[] s : sentences) {
            for (int i = 0; i < s.length; i += chunk) {
                parts.add(join.push(Arrays.copyOfRange(s, i, Math.min(s.length, i + chunk))));
            }
            parts.add(join.endSentence());
        }
        return JoinTest.concat(parts);
    }

    private static double largestStep(float[] x) {
        double most = 0;
        for (int i = 1; i < x.length; i++) {
            most = Math.max(most, Math.abs(x[i] - x[i - 1]));
        }
        return most;
    }

    @Test
    void cutsAndPauses() {
        float[] a = sentence(1, 5000, 8000, 3000);
        float[] b = sentence(2, 100, 9000, 100);
        float[] c = sentence(3, 0, 4000, 0);
        float[] out = join(SETTINGS, 1 << 20, a, b, c);
        int lengthA = KEEP + 8000 + KEEP;
        int lengthB = 100 + 9000 + 100;
        assertEquals(lengthA + PAUSE + lengthB + PAUSE + 4000, out.length);
        for (int i = 0; i < PAUSE; i++) {
            assertEquals(0f, out[lengthA + i], 0f);
            assertEquals(0f, out[lengthA + PAUSE + lengthB + i], 0f);
        }
        // untouched between the fades, the rest inside included
        for (int i = FADE; i < lengthA - FADE; i++) {
            assertEquals(a[5000 - KEEP + i], out[i]);
        }
        for (int i = FADE; i < lengthB - FADE; i++) {
            assertEquals(b[i], out[lengthA + PAUSE + i]);
        }
        assertEquals(0f, out[0], 0f);
        assertEquals(0f, out[out.length - 1], 0f);
        int start = out.length - 4000;
        assertEquals(c[FADE / 2] / 2, out[start + FADE / 2], 1e-7);
        assertEquals(c[4000 - 1 - FADE / 2] / 2, out[out.length - 1 - FADE / 2], 1e-7);
    }

    @Test
    void sameForAnyChunks() {
        float[][] sentences = {
            sentence(1, 5000, 8000, 3000), sentence(2, 0, 700, 9), sentence(3, 700, 4000, 900)
        };
        float[] whole = join(SETTINGS, 1 << 20, sentences);
        for (int chunk : new int[] {1, 7, 320, 3200}) {
            assertArrayEquals(whole, join(SETTINGS, chunk, sentences));
        }
    }

    @Test
    void noStepLargerThanTheSentences() {
        float[] a = sentence(1, 0, 8000, 0);
        float[] b = sentence(2, 0, 3000, 0);
        double own = Math.max(largestStep(a), largestStep(b));
        double peak = 0.31;
        float[] out = join(SETTINGS, 500, a, b);
        assertTrue(largestStep(out) <= own + peak / FADE, () -> largestStep(out) + " > " + own);
        // without pause and fades the ends alone would click
        float[] hard = join(new Settings(0.01, 20, 0, 0), 500, a, b);
        assertTrue(largestStep(hard) >= 0.5);
        assertEquals(a.length + b.length, hard.length);
    }

    @Test
    void playsBeforeTheSentenceEnds() {
        SilenceJoin join = new SilenceJoin(SETTINGS, RATE);
        float[] s = sentence(1, 0, 8000, 0);
        // only the fade and what may still turn out to be its end are held back
        assertEquals(8000 - FADE, join.push(s).length);
        assertEquals(KEEP, join.push(new float[KEEP]).length);
        assertEquals(0, join.push(new float[5000]).length);
        assertEquals(5000 + 3, join.push(new float[] {0, 0, 1}).length);
        assertEquals(FADE, join.endSentence().length);
    }

    @Test
    void silentAndShortSentences() {
        float[] a = sentence(1, 10, 2000, 10);
        float[] silent = new float[7000];
        assertEquals(0, join(SETTINGS, 100, silent).length);
        assertArrayEquals(join(SETTINGS, 100, a, a), join(SETTINGS, 100, silent, a, silent, a));
        float[] click = join(SETTINGS, 100, new float[] {0.5f}, new float[0], a);
        assertEquals(1 + PAUSE + a.length, click.length);
        assertEquals(0f, click[0], 0f);
    }

    @Test
    void settingsWithoutSense() {
        assertThrows(IllegalArgumentException.class, () -> new Settings(-1, 1, 1, 1));
        assertThrows(IllegalArgumentException.class, () -> new Settings(Double.NaN, 1, 1, 1));
        assertThrows(IllegalArgumentException.class, () -> new Settings(0.1, -1, 1, 1));
        assertThrows(IllegalArgumentException.class, () -> new Settings(0.1, 1, 1e9, 1));
        assertThrows(IllegalArgumentException.class, () -> new Settings(0.1, 1, 1, Double.NaN));
    }
}
