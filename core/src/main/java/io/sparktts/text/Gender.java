package io.sparktts.text;

/** Published genders. */
public enum Gender {
    FEMALE(0),
    MALE(1);

    private final int number;

    Gender(int number) {
        this.number = number;
    }

    /** Which token of {@link TokenFamily#GENDER} it is. */
    int number() {
        return number;
    }

    /**
     * The gender of a published name, such as {@code female}.
     *
     * @throws IllegalArgumentException naming the valid ones
     */
    public static Gender of(String name) {
        return EnumNames.parse(Gender.class, "gender", name);
    }

    @Override
    public String toString() {
        return EnumNames.of(this);
    }
}
