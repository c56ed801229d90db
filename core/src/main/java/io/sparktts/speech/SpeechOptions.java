package io.sparktts.speech;

import io.sparktts.backend.Sampling;

/**
 * How to speak. {@link #DEFAULT} is what the published program does.
 *
 * @param sampling how tokens are chosen
 * @param seed of the draws; the same seed gives the same tokens on the same backend
 * @param maxTokens new tokens per sentence group, at most
 * @param ignoreEos whether to go on until {@code maxTokens}: the end token is never chosen
 * @param allowSpecialTokens whether spellings such as {@code <|im_end|>} in a text become tokens
 * @param audioOnly whether only semantic tokens and the end may be chosen: an approximation, since
 *     the mass of all other tokens is given to these; needs a voice of a clip
 * @param separator whether a space is put between the clip's transcript and the text; the published
 *     program puts none
 * @param batch sentence groups of a long text that are generated side by side
 * @param stream how audio comes out while tokens are generated
 */
public record SpeechOptions(
        Sampling sampling,
        long seed,
        int maxTokens,
        boolean ignoreEos,
        boolean allowSpecialTokens,
        boolean audioOnly,
        boolean separator,
        int batch,
        Streaming stream) {
    /** Temperature 0.8, top-k 50, top-p 0.95, at most 3000 tokens. */
    public static final SpeechOptions DEFAULT =
            new SpeechOptions(
                    Sampling.SPARK_TTS, 0, 3000, false, false, false, false, 4, Streaming.DEFAULT);

    public SpeechOptions {
        if (maxTokens < 1) {
            throw new IllegalArgumentException("at least one new token, not " + maxTokens);
        }
        if (batch < 1) {
            throw new IllegalArgumentException("at least one text at a time, not " + batch);
        }
    }

    /** With another choice of tokens. */
    public SpeechOptions withSampling(Sampling value) {
        return new SpeechOptions(
                value,
                seed,
                maxTokens,
                ignoreEos,
                allowSpecialTokens,
                audioOnly,
                separator,
                batch,
                stream);
    }

    /** With another seed. */
    public SpeechOptions withSeed(long value) {
        return new SpeechOptions(
                sampling,
                value,
                maxTokens,
                ignoreEos,
                allowSpecialTokens,
                audioOnly,
                separator,
                batch,
                stream);
    }

    /** With another limit. */
    public SpeechOptions withMaxTokens(int value) {
        return new SpeechOptions(
                sampling,
                seed,
                value,
                ignoreEos,
                allowSpecialTokens,
                audioOnly,
                separator,
                batch,
                stream);
    }

    /** With or without an end. */
    public SpeechOptions withIgnoreEos(boolean value) {
        return new SpeechOptions(
                sampling,
                seed,
                maxTokens,
                value,
                allowSpecialTokens,
                audioOnly,
                separator,
                batch,
                stream);
    }

    /** With or without control tokens in the text. */
    public SpeechOptions withSpecialTokens(boolean value) {
        return new SpeechOptions(
                sampling, seed, maxTokens, ignoreEos, value, audioOnly, separator, batch, stream);
    }

    /** With or without other tokens than audio. */
    public SpeechOptions withAudioOnly(boolean value) {
        return new SpeechOptions(
                sampling,
                seed,
                maxTokens,
                ignoreEos,
                allowSpecialTokens,
                value,
                separator,
                batch,
                stream);
    }

    /** With or without a space after the clip's transcript. */
    public SpeechOptions withSeparator(boolean value) {
        return new SpeechOptions(
                sampling,
                seed,
                maxTokens,
                ignoreEos,
                allowSpecialTokens,
                audioOnly,
                value,
                batch,
                stream);
    }

    /** With another batch. */
    public SpeechOptions withBatch(int value) {
        return new SpeechOptions(
                sampling,
                seed,
                maxTokens,
                ignoreEos,
                allowSpecialTokens,
                audioOnly,
                separator,
                value,
                stream);
    }

    /** With another way of streaming. */
    public SpeechOptions withStream(Streaming value) {
        return new SpeechOptions(
                sampling,
                seed,
                maxTokens,
                ignoreEos,
                allowSpecialTokens,
                audioOnly,
                separator,
                batch,
                value);
    }
}
