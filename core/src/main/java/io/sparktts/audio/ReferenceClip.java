package io.sparktts.audio;

/** The part of a clip that the speaker encoder hears: always of one length. */
public final class ReferenceClip {
    private ReferenceClip() {}

    /**
     * Length of the part in samples, a whole number of hops.
     *
     * @param sampleRate samples per second
     * @param seconds the configuration's {@code ref_segment_duration}
     * @param hop the configuration's {@code latent_hop_length}, in samples
     * @throws AudioException if that is less than one hop
     */
    public static int length(int sampleRate, double seconds, int hop) {
        double samples = Math.floor(sampleRate * seconds);
        if (hop < 1 || !(samples >= hop && samples <= Integer.MAX_VALUE)) {
            throw new AudioException(
                    "a reference clip of "
                            + seconds
                            + " s at "
                            + sampleRate
                            + " Hz in hops of "
                            + hop
                            + " samples");
        }
        return (int) samples / hop * hop;
    }

    /**
     * The first {@code length} samples; a shorter clip is repeated until it is that long.
     *
     * @throws AudioException if there are no samples
     */
    public static double[] of(double[] samples, int length) {
        if (samples.length == 0) {
            throw new AudioException("a reference clip without samples");
        }
        double[] part = new double[length];
        for (int at = 0; at < length; at += samples.length) {
            System.arraycopy(samples, 0, part, at, Math.min(samples.length, length - at));
        }
        return part;
    }
}
