package io.sparktts.audio;

import org.apache.commons.math4.transform.FastFourierTransform;

/**
 * Mel spectrogram of the speaker encoder, as torchaudio computes it with {@code power=1}, Slaney
 * scale and norm, centred with reflected ends: magnitudes, not powers, and no logarithm.
 *
 * <p>Computed in double precision; torchaudio's float32 differs by about 1e-6 of a value.
 */
public final class MelSpectrogram {
    private final MelParameters parameters;

    /** Hann window, padded on both sides to {@code nFft}. */
    private final double[] window;

    private final MelFilters filters;

    public MelSpectrogram(MelParameters parameters) {
        this.parameters = parameters;
        int n = parameters.nFft();
        double[] hann = hann(parameters.winLength());
        window = new double[n];
        System.arraycopy(hann, 0, window, (n - hann.length) / 2, hann.length);
        filters = new MelFilters(parameters);
    }

    /** The periodic Hann window of {@code n} samples. */
    static double[] hann(int n) {
        double[] w = new double[n];
        for (int i = 0; i < n; i++) {
            w[i] = 0.5 - 0.5 * Math.cos(2 * Math.PI * i / n);
        }
        return w;
    }

    /**
     * The spectrogram of {@code samples}.
     *
     * @return {@code [1 + samples.length / hopLength][mels]}
     * @throws AudioException if there are no more samples than the half transform that is reflected
     *     at the ends
     */
    public float[][] of(double[] samples) {
        int n = parameters.nFft();
        if (samples.length <= n / 2) {
            throw new AudioException(
                    samples.length
                            + " samples are too few for a mel spectrogram; valid: more than "
                            + n / 2);
        }
        float[][] frames = new float[1 + samples.length / parameters.hopLength()][];
        FastFourierTransform fft = new FastFourierTransform(FastFourierTransform.Norm.STD);
        double[][] spectrum = new double[2][n];
        for (int f = 0; f < frames.length; f++) {
            frame(samples, f, spectrum);
            fft.transformInPlace(spectrum);
            frames[f] = filters.apply(magnitudes(spectrum));
        }
        return frames;
    }

    /** Frame {@code f} under the window, whose middle lies on sample {@code f * hopLength}. */
    private void frame(double[] samples, int f, double[][] complex) {
        int first = f * parameters.hopLength() - window.length / 2;
        for (int i = 0; i < window.length; i++) {
            complex[0][i] = window[i] * samples[reflect(first + i, samples.length)];
            complex[1][i] = 0;
        }
    }

    private static int reflect(int i, int length) {
        int positive = Math.abs(i);
        return positive < length ? positive : 2 * (length - 1) - positive;
    }

    private static double[] magnitudes(double[][] complex) {
        double[] m = new double[complex[0].length / 2 + 1];
        for (int i = 0; i < m.length; i++) {
            double re = complex[0][i];
            double im = complex[1][i];
            m[i] = Math.sqrt(re * re + im * im);
        }
        return m;
    }
}
