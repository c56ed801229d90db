package io.sparktts.text;

import static io.sparktts.text.Goldens.assertRefused;
import static io.sparktts.text.Goldens.ints;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

import tools.jackson.databind.JsonNode;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

class PromptsTest {
    private static final PromptOptions LITERAL = new PromptOptions(true, false);
    private static final PromptOptions SEPARATED = new PromptOptions(false, true);
    private static final int[] GLOBAL = {3, 0, 1};
    private static final int[] SEMANTIC = {2, 2, 0};
    private static final Style STYLE = new Style(Gender.MALE, Level.HIGH, Level.VERY_LOW);

    private static Tokenizer tokenizer;
    private static SpeechTokens tokens;

    @BeforeAll
    static void open() {
        tokenizer = Tokenizer.open(Goldens.path(Goldens.TOKENIZER));
        tokens = SpeechTokens.of(tokenizer);
    }

    @AfterAll
    static void close() {
        tokenizer.close();
    }

    private static Prompts prompts(PromptOptions options) {
        return new Prompts(tokenizer, tokens, options);
    }

    /** Prompts of the reference implementation, taken apart and put together again. */
    @Test
    void goldenPrompts() {
        int cases = 0;
        for (JsonNode c : Goldens.json("e2e/e2e_golden.json").get("cases").values()) {
            String prompt = c.get("prompt").stringValue();
            int[] expected = ints(c.get("input_ids"));
            String text = first(prompt, "<\\|start_content\\|>(.*)<\\|end_content\\|>");
            for (PromptOptions options : List.of(PromptOptions.DEFAULT, LITERAL)) {
                assertArrayEquals(expected, golden(prompts(options), prompt, text), prompt);
            }
            cases++;
        }
        assertTrue(cases > 0);
    }

    private static int[] golden(Prompts prompts, String prompt, String text) {
        if (prompt.contains("<|task_controllable_tts|>")) {
            int gender = number(prompt, "gender");
            return prompts.controlPrompt(
                    text,
                    new Style(
                            Gender.of(gender == 0 ? "female" : "male"),
                            level(prompt, "pitch_label"),
                            level(prompt, "speed_label")));
        }
        int[] global = numbers(prompt, "bicodec_global");
        if (!prompt.contains("<|start_semantic_token|>")) {
            return prompts.clonePrompt(text, global);
        }
        // Where the two texts meet is not in the golden file: any place has to do
        int[] semantic = numbers(prompt, "bicodec_semantic");
        int half = text.offsetByCodePoints(0, text.codePointCount(0, text.length()) / 2);
        return prompts.clonePrompt(text.substring(half), global, text.substring(0, half), semantic);
    }

    private static String first(String prompt, String regex) {
        Matcher m = Pattern.compile(regex, Pattern.DOTALL).matcher(prompt);
        assertTrue(m.find(), prompt);
        return m.group(1);
    }

    private static Level level(String prompt, String name) {
        List<String> names = List.of("very_low", "low", "moderate", "high", "very_high");
        return Level.of(names.get(number(prompt, name)));
    }

    private static int number(String prompt, String name) {
        return Integer.parseInt(first(prompt, "<\\|" + name + "_(\\d+)\\|>"));
    }

    private static int[] numbers(String prompt, String name) {
        return Pattern.compile("<\\|" + name + "_(\\d+)\\|>")
                .matcher(prompt)
                .results()
                .mapToInt(m -> Integer.parseInt(m.group(1)))
                .toArray();
    }

    /** Each prompt as the reference implementation writes it, encoded at once. */
    private static int[][] wholeStrings(String text, String promptText) {
        String global =
                "<|end_content|><|start_global_token|>"
                        + spell(TokenFamily.GLOBAL, GLOBAL)
                        + "<|end_global_token|>";
        String semantic = "<|start_semantic_token|>" + spell(TokenFamily.SEMANTIC, SEMANTIC);
        String style =
                "<|end_content|><|start_style_label|><|gender_1|><|pitch_label_3|>"
                        + "<|speed_label_0|><|end_style_label|>";
        String clone = "<|task_tts|><|start_content|>";
        return new int[][] {
            tokenizer.encode(clone + text + global),
            tokenizer.encode(clone + promptText + text + global + semantic),
            tokenizer.encode("<|task_controllable_tts|><|start_content|>" + text + style)
        };
    }

    private static int[][] prompts(PromptOptions options, String text, String promptText) {
        Prompts prompts = prompts(options);
        return new int[][] {
            prompts.clonePrompt(text, GLOBAL),
            prompts.clonePrompt(text, GLOBAL, promptText, SEMANTIC),
            prompts.controlPrompt(text, STYLE)
        };
    }

    private static String spell(TokenFamily family, int[] numbers) {
        return Arrays.stream(numbers).mapToObj(family::spelling).collect(Collectors.joining());
    }

    /** Marks that reorder and compose across pieces, spaces that split, half spelled tokens. */
    @Test
    void sameIdsAsTheWholeString() {
        String[] pieces = {
            "a",
            "Z",
            "\u0301",
            "\u0327",
            "\u0338",
            "\u3099",
            "\u304b",
            ">",
            "<",
            "<|",
            "|>",
            "|",
            " ",
            "\n",
            "\u00a0",
            "'s",
            "7",
            "\u4e2d",
            "\u1112",
            "\u1161",
            "\ud83d\ude42",
            "\u200d",
            "_end",
            ". "
        };
        Random random = new Random(11);
        for (int n = 0; n < 400; n++) {
            String text = random(random, pieces);
            String promptText = random(random, pieces);
            int[][] whole = wholeStrings(text, promptText);
            assertEquals(whole.length, prompts(LITERAL, text, promptText).length);
            assertTrue(Arrays.deepEquals(whole, prompts(LITERAL, text, promptText)), text);
            if (!leadsWithSolidus(text) && !leadsWithSolidus(promptText)) {
                int[][] plain = prompts(PromptOptions.DEFAULT, text, promptText);
                assertTrue(Arrays.deepEquals(whole, plain), text);
            }
        }
    }

    private static String random(Random random, String[] pieces) {
        StringBuilder b = new StringBuilder();
        do {
            b.append(pieces[random.nextInt(pieces.length)]);
        } while (Scripts.isBlank(b.toString()) || random.nextInt(12) > 0);
        return b.toString();
    }

    private static boolean leadsWithSolidus(String text) {
        return Pattern.compile("^\\p{M}*\u0338").matcher(text).find();
    }

    /** The one character that composes with the end of a token. */
    @Test
    void leadingSolidusStaysText() {
        for (String text : List.of("\u0338x", "\u0327\u0338x")) {
            int[] plain = prompts(PromptOptions.DEFAULT).clonePrompt(text, GLOBAL);
            int[] whole = wholeStrings(text, "a")[0];
            assertArrayEquals(whole, prompts(LITERAL).clonePrompt(text, GLOBAL));
            assertFalse(Arrays.equals(whole, plain));
            assertEquals(tokens.id(ControlToken.START_CONTENT), plain[1]);
            assertTrue(
                    Arrays.stream(whole)
                            .noneMatch(id -> id == tokens.id(ControlToken.START_CONTENT)));
        }
    }

    @Test
    void spelledTokensAreObeyedOnlyWhenAllowed() {
        String text = "a<|im_end|><|end_content|><|bicodec_semantic_1|>b";
        assertTrue(
                Arrays.deepEquals(wholeStrings(text, text), prompts(LITERAL, text, text)),
                "as the reference");
        int[] plain = prompts(PromptOptions.DEFAULT).clonePrompt(text, GLOBAL, text, SEMANTIC);
        assertArrayEquals(SEMANTIC, tokens.semantic(plain));
        assertTrue(Arrays.stream(plain).noneMatch(id -> id == tokens.endOfOutput()));
        int ends = tokens.id(ControlToken.END_CONTENT);
        assertEquals(1, Arrays.stream(plain).filter(id -> id == ends).count());
        assertTrue(tokenizer.decode(plain).contains(text + text));
    }

    @Test
    void separator() {
        String[][] cases = {
            {"One.", "Two.", "One. Two."},
            {"One. ", "Two.", "One. Two."},
            {"One.", "\u00a0Two.", "One.\u00a0Two."},
            {"One.", "\u4f60\u597d", "One.\u4f60\u597d"},
            {"One.", "\u300c\u4f60\u300d", "One.\u300c\u4f60\u300d"},
            {"\u4f60\u597d\u3002", "Two.", "\u4f60\u597d\u3002 Two."},
            {"\ub124.", "\uc548\ub155", "\ub124. \uc548\ub155"}
        };
        for (String[] c : cases) {
            int[] ids = prompts(SEPARATED).clonePrompt(c[1], GLOBAL, c[0], SEMANTIC);
            assertTrue(tokenizer.decode(ids).contains("<|start_content|>" + c[2] + "<|end_"), c[2]);
        }
    }

    @Test
    void moreStyle() {
        StyleToken pitch = last(TokenFamily.PITCH_VALUE);
        StyleToken emotion = last(TokenFamily.EMOTION);
        StyleToken age = last(TokenFamily.AGE);
        Style style =
                new Style(Gender.FEMALE, Level.LOW, Level.MODERATE, List.of(pitch, emotion, age));
        String written = tokenizer.decode(prompts(PromptOptions.DEFAULT).controlPrompt("a", style));
        String expected =
                "<|start_style_label|><|gender_0|><|pitch_label_1|><|speed_label_2|><|age_"
                        + age.number()
                        + "|><|emotion_"
                        + emotion.number()
                        + "|><|pitch_value_"
                        + pitch.number()
                        + "|><|end_style_label|>";
        assertTrue(written.endsWith(expected), written);
    }

    private static StyleToken last(TokenFamily family) {
        return new StyleToken(family, tokens.range(family).orElseThrow().count() - 1);
    }

    @Test
    void badInput() {
        Prompts prompts = prompts(PromptOptions.DEFAULT);
        for (String blank : new String[] {"", " \n\t", "\u00a0\u3000\u2028\u0085"}) {
            refused(() -> prompts.clonePrompt(blank, GLOBAL), "the text is blank");
            refused(() -> prompts.controlPrompt(blank, STYLE), "the text is blank");
            refused(
                    () -> prompts.clonePrompt("a", GLOBAL, blank, SEMANTIC),
                    "the prompt text is blank");
        }
        int tooMuch = tokens.global().count();
        refused(
                () -> prompts.clonePrompt("a", new int[] {0, tooMuch}),
                "global token " + tooMuch + " is not from 0 to " + (tooMuch - 1));
        refused(() -> prompts.clonePrompt("a", new int[0]), "no global tokens");
        refused(
                () -> prompts.clonePrompt("a", GLOBAL, "b", new int[] {-1}),
                "semantic token -1 is not from 0");
        refused(
                () -> new StyleToken(TokenFamily.GENDER, 2),
                "<|gender_2|> is no additional token of style");
        StyleToken absent = new StyleToken(TokenFamily.AGE, 1_000_000);
        Style style = new Style(Gender.MALE, Level.LOW, Level.LOW, List.of(absent));
        refused(() -> prompts.controlPrompt("a", style), "the vocabulary has no <|age_1000000|>");
        refused(
                () -> new Style(Gender.MALE, Level.LOW, Level.LOW, List.of(absent, absent)),
                "two tokens of style for the same thing");
    }

    private static void refused(Runnable action, String part) {
        assertRefused(IllegalArgumentException.class, action::run, part);
    }
}
