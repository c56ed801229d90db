package io.sparktts.text;

import static io.sparktts.text.Goldens.assertRefused;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.text.BreakIterator;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;

class SentenceSplitterTest {
    /** Ends of sentences alone: a bar stands where one ends, the space after it goes before it. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "One. |Two! |Three? |Four... |Five\u2026 |Six",
                "今天天气很好。|我们走吧！|真的？！|是的。",
                "真的?|是的.|好!|走…|他3.章",
                "「你好。」|他说。|『好！』|走。",
                "他说：「好。」，走了。|\"好。\"|他。|\"你。\"|走。",
                "「行く。」と言った。|はい。",
                "هل أنت بخير؟ |نعم. |شكرا۔ |ثم",
                "यह है। |वह है॥ |हाँ",
                "Այո։ |Ոչ։ |այո",
                "ခဏ။ |ဟုတ်",
                "ሰላም። |እሺ",
                "안녕하세요. |네.",
                "Привет. |Как дела? |Хорошо",
                "Pi is 3.14 or 1,000.5. |Version 2.0 of a.b.com is out.",
                "See e.g. this, i.e. That. |Or etc. and more.",
                "Dr. Smith met Mr. and Mrs. J. K. Rowling. |They spoke.",
                "The U.S. Army came at 5 p.m. and left. |Das ist z.B. Berlin. |Nr. 5 lebt.",
                "He said no. |Then, on Jan. 5, see No. 7. |Done",
                "1. First item. |2. Second item.",
                "He said \"Go.\" |Then he left. |(Really?) |Yes.",
                "\u201cStop!\u201d he said. |\u201cWhy?\u201d |\u00abOui.\u00bb |\u00bbNein.\u00ab |Doch.",
                "Wait... what? no way. |Oh",
                "Yahoo! shares rose. |Hello.World! |No",
                "(He left.). |She too",
                "A title\n\n|A text that\nis wrapped. |Next\r\n \r\n|Last\u2029|line",
                "One line\r\nand the next",
                "...",
                "I saw Vitamin C. Then nothing.",
            })
    void ends(String marked) {
        String text = marked.replace("|", "");
        SentenceEnds ends = new SentenceEnds(text);
        StringBuilder found = new StringBuilder();
        for (int from = 0, to; from < text.length(); from = to) {
            to = ends.next();
            found.append(text, from, to).append(to < text.length() ? "|" : "");
        }
        assertEquals(marked, found.toString());
    }

    @Test
    void shortSentencesShareAPiece() {
        assertEquals(
                List.of("One. Two.", "Three.", "Four.  Five."),
                new SentenceSplitter(13).split("  One. Two. Three. \n\n Four.  Five. "));
        assertEquals(
                List.of("\u597d\u3002\u8d70\u3002", "\u597d\u3002"),
                new SentenceSplitter(8).split("\u597d\u3002\u8d70\u3002\u597d\u3002"));
    }

    @Test
    void longSentencesAreCut() {
        assertEquals(
                List.of("one two three,", "four five six", "seven"),
                new SentenceSplitter(16).split("one two three, four five six seven"));
        assertEquals(
                List.of("one, two three", "four"),
                new SentenceSplitter(16).split("one, two three four"),
                "not after a clause that is too short");
        assertEquals(
                List.of("\u4f60\u597d\uff0c", "\u4f60\u597d\u5417"),
                new SentenceSplitter(10).split("\u4f60\u597d\uff0c\u4f60\u597d\u5417"));
        assertEquals(List.of("1,000,00", "0"), new SentenceSplitter(8).split("1,000,000"));
        String family = "\ud83d\udc69\u200d\ud83d\udc69\u200d\ud83d\udc67";
        assertEquals(
                List.of("ab", family, family),
                new SentenceSplitter(6).split("ab" + family + family));
        assertEquals(List.of(family, "a"), new SentenceSplitter(3).split(family + "a"));
    }

    @Test
    void nothingToSay() {
        assertEquals(List.of(), SentenceSplitter.DEFAULT.split(""));
        assertEquals(List.of(), SentenceSplitter.DEFAULT.split(" \n\n\u00a0\u3000\u2028\u0085"));
        assertRefused(
                IllegalArgumentException.class, () -> new SentenceSplitter(2), "holds no syllable");
    }

    /** Nothing lost, doubled or moved; every piece within its budget. */
    @Test
    void piecesAreTheText() {
        String[] parts = {
            "word",
            "a",
            ". ",
            ".",
            "! ",
            "?\"",
            "\"",
            " \"",
            ", ",
            ",",
            " ",
            "  ",
            "\n\n",
            "\r\n",
            "\u3000",
            "\u00a0",
            "\u4f60\u597d",
            "\u3002",
            "\uff01\u300d",
            "\u300c",
            "\uff0c",
            "\u304b",
            "\ub124",
            "\u0301",
            "\u061f ",
            "\u0964",
            "\u2026",
            "...",
            "3.14",
            "e.g. ",
            "Dr. ",
            "\ud83d\ude42",
            "\u200d",
            "\ud83d",
            "\ude42",
            ") ",
            "(",
            "\u2019",
            "\u2029",
            "Zz"
        };
        Random random = new Random(7);
        for (int n = 0; n < 3000; n++) {
            StringBuilder b = new StringBuilder();
            for (int i = random.nextInt(60); i > 0; i--) {
                b.append(parts[random.nextInt(parts.length)]);
            }
            assertPieces(b.toString(), new SentenceSplitter(3 + random.nextInt(40)));
        }
    }

    private static void assertPieces(String text, SentenceSplitter splitter) {
        int at = 0;
        for (String piece : splitter.split(text)) {
            int found = text.indexOf(piece, at);
            assertTrue(found >= at && Scripts.isBlank(text.substring(at, found)), text);
            assertTrue(!piece.isEmpty() && piece.equals(Scripts.strip(piece)), text);
            int weight = piece.codePoints().map(c -> Scripts.isSyllable(c) ? 3 : 1).sum();
            assertTrue(weight <= splitter.budget() || isOneCharacter(piece), text);
            at = found + piece.length();
        }
        assertTrue(Scripts.isBlank(text.substring(at)), text);
    }

    private static boolean isOneCharacter(String piece) {
        BreakIterator graphemes = BreakIterator.getCharacterInstance(Locale.ROOT);
        graphemes.setText(piece);
        return graphemes.next() == piece.length();
    }

    /** Text that would be slow if any step looked back or ahead without bound. */
    @Test
    void longTextTakesLinearTime() {
        List<String> texts = new ArrayList<>();
        for (String part :
                List.of(
                        "a", "\u4f60", ".", "\".", "a.", " ", ", ", "\n ", "\u0301", "e.g. ",
                        "\"a\". ")) {
            texts.add(part.repeat(200_000 / part.length()));
        }
        for (String part : List.of(" ", "\n", "\"", ")", ".", "\u3002", "\u0301", "\u00ab")) {
            texts.add("A. B." + part.repeat(200_000) + "C");
        }
        assertTimeoutPreemptively(
                Duration.ofSeconds(20),
                () -> texts.forEach(text -> assertPieces(text, SentenceSplitter.DEFAULT)));
    }
}
