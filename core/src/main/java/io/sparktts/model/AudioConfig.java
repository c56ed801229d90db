package io.sparktts.model;

/**
 * Settings of the audio front end, as the {@code config.yaml} of a Spark-TTS names them.
 *
 * @param sampleRate samples per second
 * @param latentHopLength samples of one semantic token
 * @param refSegmentSeconds how much of a reference clip the speaker encoder hears
 * @param volumeNormalize whether a reference clip is brought to a common loudness first
 */
public record AudioConfig(
        int sampleRate, int latentHopLength, double refSegmentSeconds, boolean volumeNormalize) {
    /** The published Spark-TTS-0.5B. */
    public static final AudioConfig SPARK_TTS_0_5B = new AudioConfig(16_000, 320, 6, true);

    public AudioConfig {
        Require.positive("sample_rate", sampleRate);
        Require.positive("latent_hop_length", latentHopLength);
        Require.positive("ref_segment_duration", refSegmentSeconds);
        double samples = sampleRate * refSegmentSeconds;
        if (samples < latentHopLength || samples > Integer.MAX_VALUE) {
            throw new IllegalArgumentException(
                    "ref_segment_duration "
                            + refSegmentSeconds
                            + " is shorter than a token or longer than 2^31 samples");
        }
    }

    /** Samples that the speaker encoder hears: a whole number of tokens. */
    public int refSegmentSamples() {
        return (int) (sampleRate * refSegmentSeconds) / latentHopLength * latentHopLength;
    }
}
