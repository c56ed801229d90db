package io.sparktts.text;

/**
 * How many semantic tokens a text may become, 50 being a second of speech: the guard against a
 * model that does not find the end. It never binds on ordinary speech: alphabetic text is spoken at
 * about 15 characters a second and has a fifth of a second for each here, a third of that speed;
 * four to five syllables of Chinese, Japanese or Korean are spoken in a second and each has three
 * fifths.
 */
public final class GenerationLimit {
    /** Five seconds, whatever the text: a short word may be followed by silence. */
    static final int MINIMUM = 250;

    /** A letter, a space or a mark of punctuation. */
    static final int PER_CHARACTER = 10;

    /** A syllable of its own. */
    static final int PER_SYLLABLE = 30;

    /** A digit or a symbol, which is read as a whole word or more. */
    static final int PER_SYMBOL = 40;

    /** Pitch and speed in their start and end, start and end of globals, start of semantics. */
    private static final int CONTROL_MARKUP = 7;

    private GenerationLimit() {}

    /**
     * The limit for a text.
     *
     * @param maxTokens bound from elsewhere: the caller's, or room in the context
     * @return at least 0
     */
    public static int semanticTokens(String text, int maxTokens) {
        long sum = text.codePoints().mapToLong(GenerationLimit::tokens).sum();
        return (int) Math.min(Math.max(sum, MINIMUM), Math.max(maxTokens, 0));
    }

    /**
     * The limit for all ids that a prompt of labels makes the model write: before the semantic
     * tokens come the acoustic values and the global tokens of the voice, each group within its
     * start and end token.
     *
     * @param globalCount global tokens of a voice
     */
    public static int controlTokens(String text, int globalCount, int maxTokens) {
        long all = (long) semanticTokens(text, maxTokens) + globalCount + CONTROL_MARKUP;
        return (int) Math.min(all, Math.max(maxTokens, 0));
    }

    private static int tokens(int codePoint) {
        if (Scripts.isSyllable(codePoint)) {
            return PER_SYLLABLE;
        }
        return switch (Character.getType(codePoint)) {
            case Character.DECIMAL_DIGIT_NUMBER,
                    Character.LETTER_NUMBER,
                    Character.OTHER_NUMBER,
                    Character.CURRENCY_SYMBOL,
                    Character.MATH_SYMBOL,
                    Character.OTHER_SYMBOL ->
                    PER_SYMBOL;
            default -> "%&#@/".indexOf(codePoint) >= 0 ? PER_SYMBOL : PER_CHARACTER;
        };
    }
}
