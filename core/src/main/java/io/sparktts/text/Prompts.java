package io.sparktts.text;

import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * The ids of the three prompts of Spark-TTS, those of the reference implementation (SparkAudio,
 * {@code cli/SparkTTS.py}), which writes a prompt as one string and encodes it at once.
 *
 * <p>With {@link PromptOptions#allowSpecialTokens} the ids are always the same as its own. Without,
 * they are the same unless the text spells an added token, which then is spoken and not obeyed, or
 * its leading combining marks include U+0338: in the string that mark would compose with the end of
 * {@code <|start_content|>} and destroy this token, here it stays part of the text.
 */
public final class Prompts {
    private final Tokenizer tokenizer;
    private final SpeechTokens tokens;
    private final PromptOptions options;

    public Prompts(Tokenizer tokenizer, SpeechTokens tokens, PromptOptions options) {
        this.tokenizer = tokenizer;
        this.tokens = tokens;
        this.options = options;
    }

    /**
     * The prompt that speaks in the voice of a reference clip.
     *
     * @param global the clip's global tokens, from 0 to the size of their codebook - 1
     * @throws IllegalArgumentException if the text is blank or a token out of range
     */
    public int[] clonePrompt(String text, int[] global) {
        return join(content(ControlToken.TASK_TTS, spoken("text", text)), globalSection(global));
    }

    /**
     * The prompt that goes on speaking where a reference clip ends.
     *
     * @param global the clip's global tokens, from 0 to the size of their codebook - 1
     * @param promptText what is said in the clip
     * @param semantic the clip's semantic tokens, from 0 to the size of their codebook - 1
     * @throws IllegalArgumentException if a text is blank or a token out of range
     */
    public int[] clonePrompt(String text, int[] global, String promptText, int[] semantic) {
        String said = spoken("prompt text", promptText);
        String all = said + separator(said, spoken("text", text)) + text;
        return join(
                content(ControlToken.TASK_TTS, all),
                globalSection(global),
                ids(ControlToken.START_SEMANTIC_TOKEN),
                speech("semantic", tokens.semantic(), semantic));
    }

    /**
     * The prompt that speaks in a voice made up from labels.
     *
     * @throws IllegalArgumentException if the text is blank or the vocabulary lacks a token of the
     *     style
     */
    public int[] controlPrompt(String text, Style style) {
        IntStream labels =
                IntStream.of(
                        styleId(TokenFamily.GENDER, style.gender().number()),
                        styleId(TokenFamily.PITCH_LABEL, style.pitch().number()),
                        styleId(TokenFamily.SPEED_LABEL, style.speed().number()));
        IntStream extra = style.extra().stream().mapToInt(t -> styleId(t.family(), t.number()));
        return join(
                content(ControlToken.TASK_CONTROLLABLE_TTS, spoken("text", text)),
                ids(ControlToken.START_STYLE_LABEL),
                IntStream.concat(labels, extra).toArray(),
                ids(ControlToken.END_STYLE_LABEL));
    }

    private int[] content(ControlToken task, String text) {
        if (options.allowSpecialTokens()) {
            return tokenizer.encode(
                    task.spelling()
                            + ControlToken.START_CONTENT.spelling()
                            + text
                            + ControlToken.END_CONTENT.spelling());
        }
        return join(
                ids(task, ControlToken.START_CONTENT),
                tokenizer.encodePlain(text),
                ids(ControlToken.END_CONTENT));
    }

    private int[] globalSection(int[] global) {
        return join(
                ids(ControlToken.START_GLOBAL_TOKEN),
                speech("global", tokens.global(), global),
                ids(ControlToken.END_GLOBAL_TOKEN));
    }

    private String separator(String promptText, String text) {
        boolean apart =
                Scripts.isSpace(promptText.codePointBefore(promptText.length()))
                        || Scripts.isSpace(text.codePointAt(0));
        boolean cjk = Scripts.isUnspacedCjk(text.codePointAt(0));
        return options.separator() && !apart && !cjk ? " " : "";
    }

    private static String spoken(String what, String text) {
        if (Scripts.isBlank(text)) {
            throw new IllegalArgumentException("the " + what + " is blank: nothing to speak");
        }
        return text;
    }

    private static int[] speech(String what, TokenRange range, int[] numbers) {
        if (numbers.length == 0) {
            throw new IllegalArgumentException("no " + what + " tokens");
        }
        for (int n : numbers) {
            if (n < 0 || n >= range.count()) {
                throw new IllegalArgumentException(
                        what + " token " + n + " is not from 0 to " + (range.count() - 1));
            }
        }
        return Arrays.stream(numbers).map(range::id).toArray();
    }

    private int styleId(TokenFamily family, int number) {
        return tokens.id(family, number)
                .orElseThrow(
                        () ->
                                new IllegalArgumentException(
                                        "the vocabulary has no " + family.spelling(number)));
    }

    private int[] ids(ControlToken... sequence) {
        return Arrays.stream(sequence).mapToInt(tokens::id).toArray();
    }

    private static int[] join(int[]... parts) {
        return Arrays.stream(parts).flatMapToInt(Arrays::stream).toArray();
    }
}
