package io.sparktts.text;

import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Pattern;

/**
 * The ids that Spark-TTS gives its tokens, as read from a tokenizer: fine-tunes and small test
 * models number them otherwise than the published model.
 */
public final class SpeechTokens {
    private static final Pattern NUMBER = Pattern.compile("\\d{1,9}");

    private final Map<ControlToken, Integer> controls = new EnumMap<>(ControlToken.class);
    private final Map<TokenFamily, TokenRange> ranges = new EnumMap<>(TokenFamily.class);

    private SpeechTokens(Tokenizer tokenizer) {
        Map<String, Integer> added = tokenizer.addedTokens();
        for (ControlToken token : ControlToken.values()) {
            Integer id = added.get(token.spelling());
            if (id == null) {
                throw missing(tokenizer, token.spelling());
            }
            controls.put(token, id);
        }
        for (TokenFamily family : TokenFamily.values()) {
            range(tokenizer, family).ifPresent(range -> ranges.put(family, range));
        }
    }

    /**
     * Reads them.
     *
     * @throws TokenizerException if one is missing or the ids of a family are not contiguous
     */
    public static SpeechTokens of(Tokenizer tokenizer) {
        return new SpeechTokens(tokenizer);
    }

    private static Optional<TokenRange> range(Tokenizer tokenizer, TokenFamily family) {
        Map<String, Integer> added = tokenizer.addedTokens();
        String before = family.spelling(0).replace("0|>", "");
        int count = (int) added.keySet().stream().filter(t -> isNumbered(before, t)).count();
        for (int n = 0; n < Math.max(count, family.minimum()); n++) {
            Integer id = added.get(family.spelling(n));
            if (id == null) {
                throw missing(tokenizer, family.spelling(n));
            }
            int expected = added.get(family.spelling(0)) + n;
            if (id != expected) {
                throw new TokenizerException(
                        tokenizer.file(),
                        "token "
                                + family.spelling(n)
                                + " has id "
                                + id
                                + " instead of "
                                + expected
                                + ": not contiguous");
            }
        }
        return count == 0
                ? Optional.empty()
                : Optional.of(new TokenRange(added.get(family.spelling(0)), count));
    }

    private static boolean isNumbered(String before, String token) {
        if (!token.startsWith(before) || !token.endsWith("|>")) {
            return false;
        }
        String number = token.substring(before.length(), token.length() - 2);
        return NUMBER.matcher(number).matches();
    }

    private static TokenizerException missing(Tokenizer tokenizer, String spelling) {
        return new TokenizerException(
                tokenizer.file(), "no token " + spelling + "; is this a Spark-TTS tokenizer?");
    }

    /** The id of a control token. */
    public int id(ControlToken token) {
        return controls.get(token);
    }

    /** The id that ends generation, {@code <|im_end|>}. */
    public int endOfOutput() {
        return id(ControlToken.END_OF_OUTPUT);
    }

    /** The ids of a family, if the vocabulary has it. */
    public Optional<TokenRange> range(TokenFamily family) {
        return Optional.ofNullable(ranges.get(family));
    }

    /** Ids of global tokens, which say what a voice sounds like. */
    public TokenRange global() {
        return ranges.get(TokenFamily.GLOBAL);
    }

    /** Ids of semantic tokens, which say what is spoken, 50 a second. */
    public TokenRange semantic() {
        return ranges.get(TokenFamily.SEMANTIC);
    }

    /**
     * Global tokens among generated ids, in order, whatever stands between: as the reference
     * implementation, which searches the decoded text, only for ids.
     */
    public int[] global(int[] newIds) {
        return global().numbers(newIds);
    }

    /** Semantic tokens among generated ids, in order, whatever stands between. */
    public int[] semantic(int[] newIds) {
        return semantic().numbers(newIds);
    }

    /** The id of number n of a family, or none if the vocabulary lacks it. */
    OptionalInt id(TokenFamily family, int n) {
        TokenRange range = ranges.get(family);
        return range == null || n < 0 || n >= range.count()
                ? OptionalInt.empty()
                : OptionalInt.of(range.id(n));
    }
}
