package io.sparktts.audio;

/** The input of wav2vec2: a whole clip of zero mean and unit variance. */
public final class Wav2Vec2Input {
    /** Receptive field of the published convolutions: less gives no frame. */
    public static final int MIN_SAMPLES = 400;

    /** What the published feature extractor adds to the variance. */
    private static final double EPSILON = 1e-7;

    private Wav2Vec2Input() {}

    /**
     * {@code (x - mean) / sqrt(variance + 1e-7)} over the whole clip, with the population's
     * variance; silence becomes zeros.
     *
     * @param samples at the model's sample rate, loudness-normalised
     * @return as many samples, each rounded once
     * @throws AudioException if there are fewer than {@link #MIN_SAMPLES}
     */
    public static float[] normalize(double[] samples) {
        int n = samples.length;
        if (n < MIN_SAMPLES) {
            throw new AudioException(
                    "a reference clip of "
                            + n
                            + " samples at the model's sample rate; valid: at least "
                            + MIN_SAMPLES);
        }
        double sum = 0;
        for (double x : samples) {
            sum += x;
        }
        double mean = sum / n;
        double squares = 0;
        for (double x : samples) {
            squares += (x - mean) * (x - mean);
        }
        double scale = 1 / Math.sqrt(squares / n + EPSILON);
        float[] out = new float[n];
        for (int i = 0; i < n; i++) {
            out[i] = (float) ((samples[i] - mean) * scale);
        }
        return out;
    }
}
