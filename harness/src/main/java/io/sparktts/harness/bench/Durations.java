package io.sparktts.harness.bench;

import java.time.Duration;
import java.util.Locale;

/** Prints durations for people. */
public final class Durations {
    private Durations() {}

    /** {@code 45 s}, {@code 12 min}, {@code 2 h 05 min}. */
    public static String text(Duration d) {
        long s = d.toSeconds();
        if (s < 100) {
            return s + " s";
        }
        long minutes = Math.round(s / 60.0);
        return minutes < 100
                ? minutes + " min"
                : String.format(Locale.ROOT, "%d h %02d min", minutes / 60, minutes % 60);
    }
}
