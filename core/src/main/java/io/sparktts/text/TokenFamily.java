package io.sparktts.text;

/**
 * Numbered tokens {@code <|name_0|>, <|name_1|>, ...}. Labels and exact values beyond gender, pitch
 * label and speed label are in the published vocabulary, but its command line never writes them;
 * their order here is the order they get in a prompt.
 */
public enum TokenFamily {
    GLOBAL("bicodec_global", 1),
    SEMANTIC("bicodec_semantic", 1),
    GENDER("gender", Gender.values().length),
    PITCH_LABEL("pitch_label", Level.values().length),
    SPEED_LABEL("speed_label", Level.values().length),
    AGE("age", 0),
    EMOTION("emotion", 0),
    PITCH_VARIATION_LABEL("pitch_var_label", 0),
    LOUDNESS_LABEL("loudness_label", 0),
    PITCH_VALUE("pitch_value", 0),
    PITCH_VARIATION_VALUE("pitch_var_value", 0),
    SPEED_VALUE("speed_value", 0),
    LOUDNESS_VALUE("loudness_value", 0);

    private final String prefix;
    private final int minimum;

    TokenFamily(String prefix, int minimum) {
        this.prefix = prefix;
        this.minimum = minimum;
    }

    /** How number n is spelled. */
    public String spelling(int n) {
        return "<|" + prefix + "_" + n + "|>";
    }

    /** How many a vocabulary has to have at least; 0 for what it may lack. */
    int minimum() {
        return minimum;
    }

    /** Whether it may follow the three published labels in a prompt. */
    boolean isExtraStyle() {
        return compareTo(SPEED_LABEL) > 0;
    }
}
