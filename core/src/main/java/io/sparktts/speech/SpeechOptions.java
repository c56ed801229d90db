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
 * @param head which tokens may be chosen; all but {@link Head#FULL} need a voice of a clip
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
        Head head,
        boolean separator,
        int batch,
        Streaming stream) {
    /** Temperature 0.8, top-k 50, top-p 0.95, at most 3000 tokens. */
    public static final SpeechOptions DEFAULT =
            new SpeechOptions(
                    Sampling.SPARK_TTS,
                    0,
                    3000,
                    false,
                    false,
                    Head.FULL,
                    false,
                    4,
                    Streaming.DEFAULT);

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
                head,
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
                head,
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
                head,
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
                head,
                separator,
                batch,
                stream);
    }

    /** With or without control tokens in the text. */
    public SpeechOptions withSpecialTokens(boolean value) {
        return new SpeechOptions(
                sampling, seed, maxTokens, ignoreEos, value, head, separator, batch, stream);
    }

    /** With another choice of tokens. */
    public SpeechOptions withHead(Head value) {
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
                head,
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
                head,
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
                head,
                separator,
                batch,
                value);
    }
}
