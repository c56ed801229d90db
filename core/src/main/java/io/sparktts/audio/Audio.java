package io.sparktts.audio;

/**
 * Sound of one channel.
 *
 * @param samples amplitudes, full scale is [-1, 1); files of floating-point samples may exceed it.
 *     The array is not copied
 * @param sampleRate samples per second
 */
@SuppressWarnings("ArrayRecordComponent") // a clip is handed on, not compared
public record Audio(double[] samples, int sampleRate) {
    /** Lowest rate of telephone-like speech that is worth reading, in hertz. */
    public static final int MIN_SAMPLE_RATE = 4_000;

    /** Highest rate of any common converter, in hertz. */
    public static final int MAX_SAMPLE_RATE = 384_000;

    /**
     * @throws AudioException if the sample rate is not one of {@link #MIN_SAMPLE_RATE} to {@link
     *     #MAX_SAMPLE_RATE}
     */
    public Audio {
        if (!isSampleRate(sampleRate)) {
            throw new AudioException(sampleRateProblem(sampleRate));
        }
    }

    /** The samples of a codec, widened. */
    public static Audio of(float[] samples, int sampleRate) {
        double[] wide = new double[samples.length];
        for (int i = 0; i < wide.length; i++) {
            wide[i] = samples[i];
        }
        return new Audio(wide, sampleRate);
    }

    /** Length in seconds. */
    public double seconds() {
        return (double) samples.length / sampleRate;
    }

    static boolean isSampleRate(long sampleRate) {
        return sampleRate >= MIN_SAMPLE_RATE && sampleRate <= MAX_SAMPLE_RATE;
    }

    static String sampleRateProblem(long sampleRate) {
        return "sample rate "
                + sampleRate
                + " Hz; valid: "
                + MIN_SAMPLE_RATE
                + " to "
                + MAX_SAMPLE_RATE
                + " Hz";
    }
}
