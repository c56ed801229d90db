package io.sparktts.audio;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.Arrays;

class ResamplerTest {
    private static final int TO = 16_000;

    /** Longer than the filter at either end, in output samples. */
    private static final int EDGE = 700;

    private static double[] sine(double hertz, int rate, int n) {
        double[] x = new double[n];
        Arrays.setAll(x, i -> Math.sin(2 * Math.PI * hertz * i / rate + 0.3));
        return x;
    }

    private static double[] resampled(double hertz, int rate) {
        return Resampler.resample(new Audio(sine(hertz, rate, rate / 8), rate), TO).samples();
    }

    /** Largest difference from {@code wanted} away from the ends. */
    private static double error(double[] wanted, double[] y) {
        double worst = 0;
        for (int i = EDGE; i < y.length - EDGE; i++) {
            worst = Math.max(worst, Math.abs(y[i] - wanted[i]));
        }
        return worst;
    }

    /** Amplitude within 0.001 dB and no delay: 1e-4 of the sine itself. */
    @ParameterizedTest
    @ValueSource(
            ints = {
                4000, 8000, 11_025, 15_999, 22_050, 24_000, 44_100, 44_101, 48_000, 96_000, 384_000
            })
    void passBand(int rate) {
        double nyquist = Math.min(rate, TO) / 2.0;
        for (double part : new double[] {0, 0.01, 0.3, 0.8, 0.9, 0.949}) {
            double[] y = resampled(part * nyquist, rate);
            assertEquals((rate / 8 * 2L * TO + rate) / (2L * rate), y.length);
            double error = error(sine(part * nyquist, TO, y.length), y);
            assertTrue(error < 1e-5, () -> part + " of Nyquist: error " + error);
        }
    }

    /** What lies above the new Nyquist frequency must not fold back: below -110 dB. */
    @ParameterizedTest
    @ValueSource(ints = {22_050, 24_000, 32_000, 44_100, 44_101, 48_000, 96_000, 384_000})
    void stopBand(int rate) {
        double nyquist = TO / 2.0;
        for (double part : new double[] {0, 0.001, 0.05, 0.3, 0.7, 0.99}) {
            double hertz = nyquist + part * (rate / 2.0 - nyquist);
            double[] y = resampled(hertz, rate);
            double level = 20 * Math.log10(error(new double[y.length], y));
            assertTrue(level < -110, () -> hertz + " Hz leaves " + level + " dB");
        }
    }

    /** Images of a lower rate: what is above its Nyquist frequency has to stay empty. */
    @Test
    void imagesOfALowerRate() {
        double[] y = resampled(3600, 8000);
        double worst = error(sine(3600, TO, y.length), y);
        assertTrue(worst < 3e-6, () -> "image of " + worst);
    }

    /** One sample apart at the input's rate stays in place: a click in the middle stays there. */
    @Test
    void noDelay() {
        double[] x = new double[48_001];
        x[24_000] = 1;
        double[] y = Resampler.resample(new Audio(x, 48_000), TO).samples();
        for (int i = 1; i < 4000; i++) {
            assertEquals(y[8000 - i], y[8000 + i], 1e-12);
            assertTrue(y[8000] > Math.abs(y[8000 + i]));
        }
    }

    @Test
    void lengths() {
        for (int n : new int[] {1, 2, 3, 100, 441, 44_100, 44_101}) {
            for (int rate : new int[] {4000, 11_025, 44_100, 48_000, 384_000}) {
                Audio out = Resampler.resample(new Audio(new double[n], rate), TO);
                assertEquals(Math.round((double) n * TO / rate), out.samples().length);
                assertEquals(TO, out.sampleRate());
            }
        }
        Audio audio = new Audio(new double[3], TO);
        assertSame(audio, Resampler.resample(audio, TO));
    }

    @Test
    void ratesOutOfRange() {
        Audio audio = new Audio(new double[3], TO);
        assertThrows(AudioException.class, () -> Resampler.resample(audio, 3999));
        assertThrows(AudioException.class, () -> new Audio(new double[3], 384_001));
    }
}
