package io.sparktts.reports;

import io.sparktts.reports.schema.PublishedResult;

import org.jspecify.annotations.Nullable;

import tech.tablesaw.api.DoubleColumn;
import tech.tablesaw.columns.Column;

import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** How numbers are printed. A number that is not there prints as {@code -}, never as 0 or NaN. */
final class Format {
    static final String ABSENT = "-";

    private Format() {}

    /** A table's cell; the unit in the column's name picks the form. */
    static String cell(Column<?> column, int row) {
        if (column.isMissing(row)) {
            return ABSENT;
        }
        if (!(column instanceof DoubleColumn numbers)) {
            String text = column.getString(row);
            return text.isEmpty() ? ABSENT : text;
        }
        double value = numbers.getDouble(row);
        String name = column.name();
        if (name.endsWith(Columns.MILLIS)) {
            return significant(value);
        } else if (name.contains(Columns.RATIO)) {
            return ratio(value);
        } else if (name.endsWith(Columns.PERCENT)) {
            return String.format(Locale.ROOT, value < 10 ? "%.1f %%" : "%.0f %%", value);
        } else if (name.endsWith(Columns.DIFFERENCE)) {
            return difference(value);
        }
        return significant(value);
    }

    /** Three significant digits, without an exponent from 0.0001 to a million. */
    static String significant(double value) {
        double size = Math.abs(value);
        if (size == 0) {
            return "0";
        }
        if (size < 1e-4 || size >= 1e6) {
            return String.format(Locale.ROOT, "%.2e", value);
        }
        int decimals = Math.max(0, 2 - (int) Math.floor(Math.log10(size)));
        return String.format(Locale.ROOT, "%." + decimals + "f", value);
    }

    static String ratio(double value) {
        return String.format(
                        Locale.ROOT, value >= 100 ? "%.0f" : value < 0.1 ? "%.3f" : "%.2f", value)
                + "x";
    }

    static String difference(double value) {
        return value == 0 ? "0" : String.format(Locale.ROOT, "%.2e", value);
    }

    /** The published speedups of a configuration, each with what it was measured against. */
    static String published(List<PublishedResult> published) {
        if (published.isEmpty()) {
            return "";
        }
        // the first is against the plain baseline, as ours is
        String first = ratio(published.getFirst().speedup());
        String others =
                published.stream()
                        .skip(1)
                        .map(p -> ratio(p.speedup()) + " vs " + p.baseline())
                        .collect(Collectors.joining(", "));
        return others.isEmpty() ? first : first + " (" + others + ")";
    }

    static String orAbsent(@Nullable String text) {
        return text == null || text.isBlank() ? ABSENT : text;
    }

    static String bytes(long bytes) {
        if (bytes <= 0) {
            return "unknown";
        }
        return bytes >= 1L << 30
                ? significant(bytes / (double) (1L << 30)) + " GiB"
                : significant(bytes / (double) (1L << 20)) + " MiB";
    }
}
