package io.sparktts.text;

import java.util.Comparator;
import java.util.List;

/**
 * A voice described by labels.
 *
 * @param extra at most one of each family; in the order of {@link TokenFamily}, labels before exact
 *     values, whatever order they are given in
 */
public record Style(Gender gender, Level pitch, Level speed, List<StyleToken> extra) {
    public Style {
        extra = extra.stream().sorted(Comparator.comparing(StyleToken::family)).toList();
        for (int i = 1; i < extra.size(); i++) {
            if (extra.get(i).family() == extra.get(i - 1).family()) {
                throw new IllegalArgumentException(
                        "two tokens of style for the same thing: "
                                + spelling(extra.get(i - 1))
                                + " and "
                                + spelling(extra.get(i)));
            }
        }
    }

    /** A style of the three published labels. */
    public Style(Gender gender, Level pitch, Level speed) {
        this(gender, pitch, speed, List.of());
    }

    private static String spelling(StyleToken token) {
        return token.family().spelling(token.number());
    }
}
