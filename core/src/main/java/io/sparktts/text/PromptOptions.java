package io.sparktts.text;

/**
 * How text enters a prompt.
 *
 * @param allowSpecialTokens spellings of tokens in the text become those tokens, as in the
 *     reference implementation; not for text from outside, which could end the prompt or put speech
 *     into it
 * @param separator puts a space between prompt text and text, unless one is there or the text
 *     starts with a Chinese or Japanese character; the reference implementation puts nothing, and
 *     English sentences then meet in an odd token such as ".Actions"
 */
public record PromptOptions(boolean allowSpecialTokens, boolean separator) {
    public static final PromptOptions DEFAULT = new PromptOptions(false, false);
}
