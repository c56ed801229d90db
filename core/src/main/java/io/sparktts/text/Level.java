package io.sparktts.text;

/** Published levels of pitch and speed, in the order of their tokens. */
public enum Level {
    VERY_LOW,
    LOW,
    MODERATE,
    HIGH,
    VERY_HIGH;

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
