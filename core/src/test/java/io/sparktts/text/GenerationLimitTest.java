package io.sparktts.text;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class GenerationLimitTest {
    private static final int MAX = 1_000_000;

    private static int limit(String text) {
        return GenerationLimit.semanticTokens(text, MAX);
    }

    @Test
    void shortTextHasTheMinimum() {
        assertEquals(GenerationLimit.MINIMUM, limit(""));
        assertEquals(GenerationLimit.MINIMUM, limit("Yes."));
        assertEquals(GenerationLimit.MINIMUM, limit("\u597d\u3002"));
    }

    @Test
    void scriptsDiffer() {
        assertEquals(100 * GenerationLimit.PER_CHARACTER, limit("abcd ".repeat(20)));
        assertEquals(100 * GenerationLimit.PER_SYLLABLE, limit("\u4f60".repeat(100)));
        assertEquals(100 * GenerationLimit.PER_SYLLABLE, limit("\ub124".repeat(100)));
        assertEquals(100 * GenerationLimit.PER_SYLLABLE, limit("\u304b".repeat(100)));
        assertEquals(100 * GenerationLimit.PER_SYMBOL, limit("1$%\ud83d\ude42".repeat(25)));
        assertEquals(100 * GenerationLimit.PER_CHARACTER, limit("\u0917\u093e".repeat(50)));
    }

    /** Twice as slow as the slowest that is spoken at ease: 8 letters or 3 syllables a second. */
    @Test
    void slowSpeechFits() {
        String letters = "The quick brown fox jumps over the lazy dog. ".repeat(4);
        assertTrue(limit(letters) >= letters.length() / 8.0 * 50);
        assertTrue(limit("\u4f60".repeat(60)) >= 60 / 3.0 * 50);
    }

    @Test
    void boundedByMaxTokens() {
        String text = "a".repeat(1000);
        assertEquals(3000, GenerationLimit.semanticTokens(text, 3000));
        assertEquals(0, GenerationLimit.semanticTokens(text, -1));
        assertEquals(100, GenerationLimit.semanticTokens("a", 100));
        assertEquals(
                Integer.MAX_VALUE,
                GenerationLimit.controlTokens("1".repeat(60_000_000), 32, Integer.MAX_VALUE));
    }

    @Test
    void controlPromptsNeedMore() {
        assertEquals(
                GenerationLimit.MINIMUM + 32 + 7, GenerationLimit.controlTokens("Yes.", 32, MAX));
        assertEquals(260, GenerationLimit.controlTokens("Yes.", 32, 260));
    }
}
