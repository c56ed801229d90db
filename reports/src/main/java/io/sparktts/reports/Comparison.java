package io.sparktts.reports;

import io.sparktts.reports.schema.Environment;
import io.sparktts.reports.schema.PublishedResult;
import io.sparktts.reports.schema.Row;
import io.sparktts.reports.schema.Timing;

import org.jspecify.annotations.Nullable;

import java.util.List;
import java.util.Set;

/**
 * One measured row beside its baselines.
 *
 * @param row what is judged
 * @param baseline the named baseline of the same configuration; null if there is none
 * @param best the fastest row of the same configuration on the same machine, peers and {@code row}
 *     included; null if none passed
 * @param peer the fastest row that another tool measured of the same configuration on the same
 *     device; null if there is none
 * @param published what others published for this configuration
 */
record Comparison(
        Row row,
        Environment environment,
        @Nullable Row baseline,
        @Nullable Row best,
        @Nullable Row peer,
        List<PublishedResult> published) {

    private static final Set<String> WHOLE_MODEL = Set.of("forward", "decode", "prefill", "speech");

    /** Whoever waits for a token waits for its launch as well. */
    private static final String ON_THE_WALL = "decode";

    /** Two times of the same clock. */
    record Pair(String clock, double thisMillis, double otherMillis) {
        /** How many times faster this row is than the other. */
        double speedup() {
            return otherMillis / thisMillis;
        }
    }

    /**
     * The row's time beside another's, on the device's clock if both have one, else on the wall's:
     * the two clocks measure different things and never share a ratio. Decode steps go by the
     * wall's where both have it.
     */
    private @Nullable Pair with(@Nullable Row other) {
        if (other == null) {
            return null;
        }
        boolean walls = row.wallTime() != null && other.wallTime() != null;
        if (row.benchmark().equals(ON_THE_WALL) && walls) {
            return pair("wall", row.wallTime(), other.wallTime());
        }
        if (row.deviceTime() != null && other.deviceTime() != null) {
            return pair("device", row.deviceTime(), other.deviceTime());
        }
        if (walls) {
            return pair("wall", row.wallTime(), other.wallTime());
        }
        return null;
    }

    private static @Nullable Pair pair(String clock, Timing self, Timing other) {
        boolean positive = self.medianNanos() > 0 && other.medianNanos() > 0;
        return positive ? new Pair(clock, self.medianMillis(), other.medianMillis()) : null;
    }

    @Nullable Pair againstBaseline() {
        return with(baseline);
    }

    @Nullable Pair againstBest() {
        return with(best);
    }

    @Nullable Double speedup() {
        Pair pair = againstBaseline();
        return pair == null ? null : (Double) pair.speedup();
    }

    /** Share of the best available speed: 1 for the best itself, less for a slower row. */
    @Nullable Double versusBest() {
        Pair pair = againstBest();
        return pair == null ? null : (Double) pair.speedup();
    }

    /** How many times faster than the best peer. */
    @Nullable Double versusPeer() {
        Pair pair = with(peer);
        return pair == null ? null : (Double) pair.speedup();
    }

    String clock() {
        Pair pair = againstBaseline();
        return pair == null ? row.clock() : pair.clock();
    }

    @Nullable Double millis() {
        Pair pair = againstBaseline();
        Timing time = row.time();
        if (pair != null) {
            return pair.thisMillis();
        }
        return time == null ? null : (Double) time.medianMillis();
    }

    /** The baseline's time, on the clock of {@link #clock()} where both have it. */
    @Nullable Double baselineMillis() {
        Pair pair = againstBaseline();
        if (pair != null) {
            return pair.otherMillis();
        }
        // beside a row that failed, the baseline's own time still stands
        Timing time = baseline == null || row.passed() ? null : baseline.time();
        return time == null ? null : (Double) time.medianMillis();
    }

    /** Whether the row is its own baseline, listed because nothing was compared with it. */
    boolean isBaselineAlone() {
        return row.equals(baseline);
    }

    /**
     * Whether single operations were swapped inside the pass, as in {@code naive+rmsNorm=fused}.
     */
    boolean isAblation() {
        return isAblation(row);
    }

    static boolean isAblation(Row row) {
        return row.variant().contains("=");
    }

    boolean isWholeModel() {
        return row.model() != null || WHOLE_MODEL.contains(row.benchmark());
    }

    /** Backend and variant, as charts and tables name a row. */
    static String label(Row row) {
        return row.backend() + ":" + row.variant();
    }
}
