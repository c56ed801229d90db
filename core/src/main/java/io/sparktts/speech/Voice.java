package io.sparktts.speech;

import io.sparktts.text.Style;

import org.jspecify.annotations.Nullable;

import java.util.Arrays;
import java.util.Objects;

/** Whose voice speaks: one taken from a clip, or one described. */
public sealed interface Voice {
    /**
     * A voice of a reference clip. Keep it: encoding a clip costs more than speaking a sentence.
     *
     * @param globalTokens the speaker, as many as the checkpoint's voices have
     * @param semanticTokens what the clip says; empty unless {@code text} is given
     * @param text exact transcript of the clip, or null; with it the model continues the clip
     */
    // The accessors copy, so the arrays cannot be changed from outside.
    @SuppressWarnings("ArrayRecordComponent")
    record Clip(int[] globalTokens, int[] semanticTokens, @Nullable String text) implements Voice {
        public Clip {
            if (globalTokens.length == 0) {
                throw new IllegalArgumentException("a voice has global tokens; none were given");
            }
            if (text != null && semanticTokens.length == 0) {
                throw new IllegalArgumentException(
                        "a voice with a transcript needs the clip's semantic tokens");
            }
            globalTokens = globalTokens.clone();
            semanticTokens = semanticTokens.clone();
        }

        @Override
        public int[] globalTokens() {
            return globalTokens.clone();
        }

        @Override
        public int[] semanticTokens() {
            return semanticTokens.clone();
        }

        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof Clip c
                    && Arrays.equals(globalTokens, c.globalTokens)
                    && Arrays.equals(semanticTokens, c.semanticTokens)
                    && Objects.equals(text, c.text);
        }

        @Override
        public int hashCode() {
            return 31 * Arrays.hashCode(globalTokens) + Arrays.hashCode(semanticTokens);
        }
    }

    /** A voice that the model makes up to a description. */
    record Styled(Style style) implements Voice {}
}
