package io.sparktts.text;

import java.lang.Character.UnicodeScript;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Finds where sentences end, whatever the language. Where a mark may mean something else, as the
 * dot of an abbreviation, it is taken for that: a sentence too long costs less than one cut in two.
 *
 * <p>{@code java.text.BreakIterator} knows too few marks (no Armenian, Burmese, Ethiopic, no
 * ellipsis) and ends a sentence at "Dr.".
 */
final class SentenceEnds {
    /** Marks that end a sentence and nothing else. */
    private static final String CERTAIN =
            String.join(
                    "",
                    "\\u3002\\uff61\\uff01\\uff1f\\ufe12\\ufe52\\ufe56\\ufe57", // Chinese, Japanese
                    "\\u061f\\u06d4\\u0964\\u0965\\u0589", // Arabic, Urdu, Indic, Armenian
                    "\\u1362\\u1367\\u1368\\u104a\\u104b", // Ethiopic, Burmese
                    "\\u17d4\\u17d5\\u0f0d\\u0f0e\\u1803\\u1809", // Khmer, Tibetan, Mongolian
                    "\\u203c\\u203d\\u2047-\\u2049"); // two marks in one character

    /** Marks with other uses too: dots, ellipses, marks within names and addresses. */
    private static final String UNCERTAIN = ".!?\\u2026\\uff0e\\u037e";

    private static final Pattern END =
            Pattern.compile(
                    "(?<marks>[MARKS][\\p{Mn}MARKS]*+)(?<closing>[\\p{Pe}\\p{Pf}\"']*+CLOSE?+)\\s*+"
                                    .replace("MARKS", CERTAIN + UNCERTAIN)
                                    // German and others close with what opens elsewhere
                                    .replace("CLOSE", "(?:\\p{Pi}(?=\\s|$))")
                            + "|\\u2029|(?>\\R)\\h*+(?>\\R)\\s*+",
                    Pattern.UNICODE_CHARACTER_CLASS);

    private static final Pattern MARK = Pattern.compile("[" + CERTAIN + UNCERTAIN + "]");
    private static final Pattern CERTAIN_MARK = Pattern.compile("[" + CERTAIN + "]");

    /** What goes on with a sentence that seemed to have ended. */
    private static final String CLAUSE = ",;:\u3001\uff0c\uff1b\uff1a\u060c\u061b\u2013\u2014";

    /** Words before a dot that a name or another word follows. */
    private static final Set<String> BEFORE_WORD =
            Set.of(
                    "mr", "mrs", "ms", "mx", "dr", "prof", "st", "mt", "ft", "rev", "hon", "fr",
                    "hr", "gen", "col", "maj", "capt", "cpt", "lt", "sgt", "cmdr", "adm", "gov",
                    "sen", "rep", "pres", "sr", "sra", "srta", "dra", "mme", "mlle", "dott", "vs",
                    "cf", "ca", "approx", "bzw", "ggf", "vgl", "inkl");

    /** Words before a dot that a number follows; before anything else they end a sentence. */
    private static final Set<String> BEFORE_NUMBER =
            Set.of(
                    "no", "nos", "nr", "num", "fig", "figs", "vol", "pp", "ch", "sec", "art", "eq",
                    "jan", "feb", "mar", "apr", "jun", "jul", "aug", "sep", "sept", "oct", "nov",
                    "dec");

    /** More than the longest of them. */
    private static final int LAST_WORD_MAX = 12;

    private static final Pattern INITIALS = Pattern.compile("\\p{Lu}|(\\p{L}{1,2}\\.)+\\p{L}{1,2}");
    private static final Pattern NUMBER = Pattern.compile("\\p{N}{1,3}");

    private final String text;
    private final Matcher matcher;
    private int start;

    /** Straight quotes from the start of the sentence to {@code counted}. */
    private int quotes;

    private int counted;

    SentenceEnds(String text) {
        this.text = text;
        this.matcher = END.matcher(text);
    }

    /** The end of the next sentence, the space after it included; the text's length at last. */
    int next() {
        int end = text.length();
        boolean found = false;
        while (!found && matcher.find()) {
            int closed = closed();
            found = matcher.group("marks") == null || endsSentence(closed);
            if (found) {
                end = closed < matcher.end("closing") ? closed : matcher.end();
            }
        }
        start = end;
        quotes = 0;
        counted = end;
        return end;
    }

    /** Where closing marks end: before a straight quote that opens what comes next. */
    private int closed() {
        int end = matcher.end("closing");
        if (end < 0 || matcher.end() > end || text.charAt(end - 1) != '"') {
            return end;
        }
        for (; counted < end; counted++) {
            quotes += text.charAt(counted) == '"' ? 1 : 0;
        }
        return quotes % 2 == 1 ? end - 1 : end;
    }

    private boolean endsSentence(int closed) {
        if (matcher.end() == text.length()) {
            return true;
        }
        String marks = matcher.group("marks");
        boolean closing = closed > matcher.end("marks");
        int following = text.codePointAt(Math.max(closed, matcher.end()));
        if (CLAUSE.indexOf(following) >= 0 || isMark(following)) {
            return false;
        }
        boolean spaced = matcher.end() > matcher.end("closing");
        if (CERTAIN_MARK.matcher(marks).find()) {
            // Japanese quotes a sentence within a sentence
            return spaced || !closing || UnicodeScript.of(following) != UnicodeScript.HIRAGANA;
        }
        if (!spaced) {
            boolean cjk = Scripts.isUnspacedCjk(following) && Character.isLetter(following);
            return cjk && !followsDigit();
        }
        return !Character.isLowerCase(following)
                && (closing || !marks.equals(".") || !isAbbreviation(following));
    }

    /** A mark outside of the closing bracket: the sentence ends there. */
    private static boolean isMark(int codePoint) {
        return MARK.matcher(Character.toString(codePoint)).matches();
    }

    private boolean followsDigit() {
        int at = matcher.start("marks");
        return at > 0 && Character.isDigit(text.codePointBefore(at));
    }

    /** Whether the dot belongs to the word before it, or to the number of an item of a list. */
    private boolean isAbbreviation(int following) {
        int end = matcher.start("marks");
        int from = end;
        while (from > start && end - from < LAST_WORD_MAX && isOfWord(text.codePointBefore(from))) {
            from = text.offsetByCodePoints(from, -1);
        }
        String word = text.substring(from, end);
        return (from == start && NUMBER.matcher(word).matches())
                || INITIALS.matcher(word).matches()
                || BEFORE_WORD.contains(word.toLowerCase(Locale.ROOT))
                || (Character.isDigit(following)
                        && BEFORE_NUMBER.contains(word.toLowerCase(Locale.ROOT)));
    }

    private static boolean isOfWord(int codePoint) {
        return codePoint == '.' || Character.isLetterOrDigit(codePoint);
    }
}
