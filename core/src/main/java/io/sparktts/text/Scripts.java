package io.sparktts.text;

import java.lang.Character.UnicodeScript;

/** What the writing system of a character says about speech. */
final class Scripts {
    private Scripts() {}

    /** Chinese or Japanese, punctuation included: written without spaces, as Korean is not. */
    static boolean isUnspacedCjk(int codePoint) {
        UnicodeScript script = UnicodeScript.of(codePoint);
        if (script == UnicodeScript.HAN
                || script == UnicodeScript.HIRAGANA
                || script == UnicodeScript.KATAKANA
                || script == UnicodeScript.BOPOMOFO) {
            return true;
        }
        boolean punctuation = codePoint >= 0x3000 && codePoint <= 0x303f;
        boolean fullWidth = codePoint >= 0xff00 && codePoint <= 0xffef;
        return punctuation || (fullWidth && script != UnicodeScript.HANGUL);
    }

    /** A character that is spoken as a syllable or more, rather than about a third of one. */
    static boolean isSyllable(int codePoint) {
        return Character.isLetter(codePoint)
                && (isUnspacedCjk(codePoint)
                        || UnicodeScript.of(codePoint) == UnicodeScript.HANGUL
                        || UnicodeScript.of(codePoint) == UnicodeScript.YI);
    }

    /** White space of any kind, no-break spaces included. */
    static boolean isSpace(int codePoint) {
        return Character.isWhitespace(codePoint)
                || Character.isSpaceChar(codePoint)
                || codePoint == 0x85;
    }

    static boolean isBlank(String text) {
        return text.codePoints().allMatch(Scripts::isSpace);
    }

    /** The text without white space around it, no-break spaces included. */
    static String strip(String text) {
        int start = 0;
        int end = text.length();
        while (start < end && isSpace(text.charAt(start))) {
            start++;
        }
        while (end > start && isSpace(text.charAt(end - 1))) {
            end--;
        }
        return text.substring(start, end);
    }
}
