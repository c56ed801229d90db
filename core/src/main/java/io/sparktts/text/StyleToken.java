package io.sparktts.text;

/**
 * One more token of style, such as {@code <|age_2|>} or {@code <|pitch_value_180|>}: in the
 * published vocabulary, but never in a prompt of its command line, so what it does is up to the
 * model.
 *
 * @param family {@link TokenFamily#AGE} or one after it
 * @param number which of the family
 */
public record StyleToken(TokenFamily family, int number) {
    public StyleToken {
        if (!family.isExtraStyle()) {
            throw new IllegalArgumentException(
                    family.spelling(number) + " is no additional token of style");
        }
    }
}
