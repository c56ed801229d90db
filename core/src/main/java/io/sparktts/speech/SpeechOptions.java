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
        boolean separator,
        int batch,
        Streaming stream) {
    /** Temperature 0.8, top-k 50, top-p 0.95, at most 3000 tokens. */
    public static final SpeechOptions DEFAULT =
            new SpeechOptions(
                    Sampling.SPARK_TTS, 0, 3000, false, false, false, 4, Streaming.DEFAULT);

    public SpeechOptions {
        if (maxTokens < 1) {
            throw new IllegalArgumentException("at least one new token, not " + maxTokens);
        }
        if (batch < 1) {
            throw new IllegalArgumentException("at least one text at a time, not " + batch);
        }
    }

    /** With another choice of tokens. */
    public SpeechOptions withSampling(Sampling s) {
        return new SpeechOptions(s, seed, maxTokens, ignoreEos, allowSpecialTokens, separator, batch, stream);
    }

    /** With another seed. */
    public SpeechOptions withSeed(long s) {
        return new SpeechOptions(
                sampling, s, maxTokens, ignoreEos, allowSpecialTokens, separator, batch, stream);
    }

    /** With another limit. */
    public SpeechOptions withMaxTokens(int n) {
        return new SpeechOptions(
                sampling, seed, n, ignoreEos, allowSpecialTokens, separator, batch, stream);
    }

    /** With or without an end. */
    public SpeechOptions withIgnoreEos(boolean ignore) {
        return new SpeechOptions(
                sampling, seed, maxTokens, ignore, allowSpecialTokens, separator, batch, stream);
    }

    /** With or without control tokens in the text. */
    public SpeechOptions withSpecialTokens(boolean allow) {
        return new SpeechOptions(sampling, seed, maxTokens, ignoreEos, allow, separator, batch, stream);
    }

    /** With or without a space after the clip's transcript. */
    public SpeechOptions withSeparator(boolean space) {
        return new SpeechOptions(
                sampling, seed, maxTokens, ignoreEos, allowSpecialTokens, space, batch, stream);
    }

    /** With another batch. */
    public SpeechOptions withBatch(int n) {
        return new SpeechOptions(
                sampling, seed, maxTokens, ignoreEos, allowSpecialTokens, separator, n, stream);
    }

    /** With another way of streaming. */
    public SpeechOptions withStream(Streaming s) {
        return new SpeechOptions(
                sampling, seed, maxTokens, ignoreEos, allowSpecialTokens, separator, batch, s);
    }
}
