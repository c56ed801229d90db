package io.sparktts.reports;

import io.sparktts.reports.schema.ReportException;
import io.sparktts.reports.schema.Row;

import org.jspecify.annotations.Nullable;

/**
 * Which rows the others are compared with.
 *
 * @param backend the one backend that has the baseline; null when each backend has its own
 * @param variant name of the baseline variant
 */
record Baseline(@Nullable String backend, String variant) {
    static final String NAIVE = "naive";

    /**
     * Reads {@code variant} (of the candidate's own backend and device) or {@code backend:variant}.
     */
    static Baseline parse(String text) {
        int colon = text.indexOf(':');
        Baseline baseline =
                colon < 0
                        ? new Baseline(null, text)
                        : new Baseline(text.substring(0, colon), text.substring(colon + 1));
        if (baseline.variant.isBlank()
                || (baseline.backend != null && baseline.backend.isBlank())) {
            throw new ReportException(
                    "baseline \"" + text + "\": expected VARIANT or BACKEND:VARIANT");
        }
        return baseline;
    }

    boolean isBaseline(Row row) {
        return row.variant().equals(variant) && (backend == null || row.backend().equals(backend));
    }

    /** Whether {@code row} is what {@code candidate} is to be compared with. */
    boolean serves(Row row, Row candidate) {
        boolean sameBackend =
                row.backend().equals(candidate.backend())
                        && row.device().equals(candidate.device());
        return isBaseline(row) && (backend != null || sameBackend);
    }
}
