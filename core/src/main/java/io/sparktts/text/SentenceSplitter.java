package io.sparktts.text;

import java.text.BreakIterator;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Splits long text into pieces to be spoken one by one, at the ends of sentences. Short sentences
 * share a piece as long as they fit; a sentence that does not fit is cut after a clause, else at a
 * space, else between characters. The pieces are the text in order, without the space around them.
 *
 * @param budget what a piece holds at most, in characters of an alphabet; a Chinese, Japanese or
 *     Korean syllable counts as three
 */
public record SentenceSplitter(int budget) {
    /** About a quarter of a minute of speech. */
    public static final SentenceSplitter DEFAULT = new SentenceSplitter(240);

    private static final int SYLLABLE = 3;

    private static final String CLAUSE_END = ",;:\u060c\u061b";

    /** These end a clause without a space after them. */
    private static final String WIDE_CLAUSE_END = "\u3001\uff0c\uff1b\uff1a\u2014";

    public SentenceSplitter {
        if (budget < SYLLABLE) {
            throw new IllegalArgumentException("a budget of " + budget + " holds no syllable");
        }
    }

    /** The pieces; none is blank, so blank text has none. */
    public List<String> split(String text) {
        List<String> pieces = new ArrayList<>();
        SentenceEnds ends = new SentenceEnds(text);
        int start = 0;
        int end = 0;
        int weight = 0;
        for (int from = 0; from < text.length(); ) {
            int sentence = ends.next();
            for (int to; from < sentence; from = to) {
                to = cut(text, from, sentence);
                int more = weight(text, from, to);
                if (weight + more > budget) {
                    add(pieces, text.substring(start, end));
                    start = from;
                    weight = 0;
                }
                end = to;
                weight += more;
            }
        }
        add(pieces, text.substring(start, end));
        return pieces;
    }

    private static void add(List<String> pieces, String piece) {
        if (!Scripts.isBlank(piece)) {
            pieces.add(Scripts.strip(piece));
        }
    }

    /** The end of as much of a sentence as fits, at the best place. */
    private int cut(String text, int from, int to) {
        int fits = from;
        int clause = from;
        int space = from;
        int used = 0;
        boolean clauseEnds = false;
        while (fits < to) {
            int c = text.codePointAt(fits);
            boolean isSpace = Scripts.isSpace(c);
            used += weight(c);
            // Space at the end of a piece goes away, so it need not fit
            if (used > budget && !isSpace) {
                break;
            }
            fits += Character.charCount(c);
            boolean wide = WIDE_CLAUSE_END.indexOf(c) >= 0;
            clauseEnds = wide || CLAUSE_END.indexOf(c) >= 0 || (isSpace && clauseEnds);
            clause = wide || (isSpace && clauseEnds) ? fits : clause;
            space = isSpace ? fits : space;
        }
        if (fits == to) {
            return to;
        }
        // A clause that leaves most of the budget unused makes more pieces than it is worth
        if (clause > from && 2 * weight(text, from, clause) >= budget) {
            return clause;
        }
        if (space > from) {
            return space;
        }
        return clause > from ? clause : betweenCharacters(text, from, fits, to);
    }

    /** The last boundary between graphemes up to {@code fits}, or the first one after it. */
    private int betweenCharacters(String text, int from, int fits, int to) {
        BreakIterator graphemes = BreakIterator.getCharacterInstance(Locale.ROOT);
        graphemes.setText(text.substring(from, Math.min(to, fits + budget)));
        int at = fits - from;
        int boundary = graphemes.isBoundary(at) ? at : graphemes.preceding(at);
        return from + (boundary > 0 ? boundary : graphemes.following(at));
    }

    private static int weight(String text, int from, int to) {
        return text.substring(from, to).codePoints().map(SentenceSplitter::weight).sum();
    }

    private static int weight(int codePoint) {
        return Scripts.isSyllable(codePoint) ? SYLLABLE : 1;
    }
}
