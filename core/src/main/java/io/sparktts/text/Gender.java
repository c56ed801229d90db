package io.sparktts.text;

/** Published genders, in the order of their tokens. */
public enum Gender {
    FEMALE,
    MALE;

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
