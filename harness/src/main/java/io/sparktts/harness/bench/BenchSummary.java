package io.sparktts.harness.bench;

import io.sparktts.reports.schema.Row;
import io.sparktts.reports.schema.Timing;

import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * The end of a run on the terminal: each row's time beside its baseline's; the report has the rest.
 */
public final class BenchSummary {
    private BenchSummary() {}

    /**
     * Prints all rows.
     *
     * @param baseline {@code VARIANT} of the same backend, or {@code BACKEND:VARIANT}
     */
    public static void print(List<Row> rows, String baseline, PrintWriter out) {
        out.printf(
                "%n%-10s %-13s %-20s %-5s %-36s %11s %8s %7s%n",
                "backend",
                "benchmark",
                "shape",
                "dtype",
                "variant",
                "median ms",
                "speedup",
                "limit");
        for (Row r : rows) {
            Timing time = r.time();
            if (time != null) {
                out.printf(
                        Locale.ROOT,
                        "%-10s %-13s %-20s %-5s %-36s %11.3f %8s %7s%n",
                        r.backend(),
                        r.benchmark(),
                        r.shape(),
                        r.dtype(),
                        r.variant(),
                        time.medianMillis(),
                        speedup(r, time, rows, baseline),
                        r.percentOfLimit() == null
                                ? ""
                                : String.format(Locale.ROOT, "%.0f %%", r.percentOfLimit()));
            }
        }
        rows.stream()
                .filter(r -> !r.passed())
                .forEach(
                        r ->
                                out.println(
                                        r.status()
                                                + " "
                                                + r.backend()
                                                + " "
                                                + r.benchmark()
                                                + " "
                                                + r.shape()
                                                + " "
                                                + r.dtype()
                                                + " "
                                                + r.variant()
                                                + (r.message() == null ? "" : ": " + r.message())));
        out.flush();
    }

    private static String speedup(Row row, Timing time, List<Row> rows, String baseline) {
        int colon = baseline.indexOf(':');
        String backend = colon < 0 ? row.backend() : baseline.substring(0, colon);
        String variant = baseline.substring(colon + 1);
        Optional<Timing> other =
                rows.stream()
                        .filter(r -> r.backend().equals(backend) && r.variant().equals(variant))
                        .filter(
                                r ->
                                        r.benchmark().equals(row.benchmark())
                                                && r.shape().equals(row.shape()))
                        .filter(r -> r.dtype().equals(row.dtype()) && !r.key().equals(row.key()))
                        .flatMap(r -> Optional.ofNullable(r.time()).stream())
                        .findFirst();
        return other.map(
                        o ->
                                String.format(
                                        Locale.ROOT, "%.2fx", o.medianNanos() / time.medianNanos()))
                .orElse("");
    }
}
