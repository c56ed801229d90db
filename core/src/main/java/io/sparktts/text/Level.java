package io.sparktts.text;

/** Published levels of pitch and speed. */
public enum Level {
    VERY_LOW(0),
    LOW(1),
    MODERATE(2),
    HIGH(3),
    VERY_HIGH(4);

    private final int number;

    Level(int number) {
        this.number = number;
    }

    /** Which token of {@link TokenFamily#PITCH_LABEL} or {@link TokenFamily#SPEED_LABEL} it is. */
    int number() {
        return number;
    }

    /**
     * The level of a published name, such as {@code very_low}.
     *
     * @throws IllegalArgumentException naming the valid ones
     */
    public static Level of(String name) {
        return EnumNames.parse(Level.class, "level", name);
    }

    @Override
    public String toString() {
        return EnumNames.of(this);
    }
}
