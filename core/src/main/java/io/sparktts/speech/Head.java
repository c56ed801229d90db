package io.sparktts.speech;

/** What a model's head gives to choose from. */
public enum Head {
    /** All tokens, as published. */
    FULL,

    /**
     * Semantic tokens and the end, though all rows are computed: the work of {@link #FULL} where
     * random weights would choose anything.
     */
    MASKED,

    /**
     * Semantic tokens and the end, whose rows alone are computed: in the published model 8 of the
     * 166 thousand, which saves three tenths of what a step reads.
     */
    AUDIO_ROWS;

    /**
     * Whether nothing but audio and the end can be chosen: an approximation, since the mass of all
     * other tokens is given to these.
     */
    public boolean audioOnly() {
        return this != FULL;
    }
}
