package io.sparktts.audio;

import org.jspecify.annotations.Nullable;

/**
 * Settings of a mel spectrogram, the checkpoint's {@code mel_params}.
 *
 * @param sampleRate of the sound, in hertz
 * @param nFft length of the Fourier transform in samples, a power of two
 * @param winLength length of the Hann window in samples, at most {@code nFft}
 * @param hopLength samples from one frame to the next
 * @param fMin lower end of the lowest filter, in hertz
 * @param fMax upper end of the highest filter, in hertz; null for half the sample rate
 * @param mels number of filters
 */
public record MelParameters(
        int sampleRate,
        int nFft,
        int winLength,
        int hopLength,
        double fMin,
        @Nullable Double fMax,
        int mels) {

    /**
     * @throws AudioException if a setting makes no sense, naming it
     */
    public MelParameters {
        if (!Audio.isSampleRate(sampleRate)) {
            throw new AudioException("mel spectrogram: " + Audio.sampleRateProblem(sampleRate));
        }
        check(
                nFft >= 2 && nFft <= 1 << 20 && Integer.bitCount(nFft) == 1,
                "n_fft " + nFft + "; valid: a power of two from 2 to 2^20");
        check(
                winLength >= 1 && winLength <= nFft,
                "win_length " + winLength + "; valid: 1 to n_fft, which is " + nFft);
        check(hopLength >= 1, "hop_length " + hopLength + "; valid: at least 1");
        check(mels >= 1 && mels <= 1 << 16, "num_mels " + mels + "; valid: 1 to 65536");
        double nyquist = sampleRate / 2.0;
        double top = fMax == null ? nyquist : fMax;
        check(
                fMin >= 0 && fMin < top && top <= nyquist,
                "filters from "
                        + fMin
                        + " to "
                        + top
                        + " Hz; valid: ascending, from 0 to "
                        + nyquist);
    }

    /** Upper end of the highest filter, in hertz. */
    double top() {
        return fMax == null ? sampleRate / 2.0 : fMax;
    }

    private static void check(boolean holds, String problem) {
        if (!holds) {
            throw new AudioException("mel spectrogram: " + problem);
        }
    }
}
