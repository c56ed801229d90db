package io.sparktts.reports;

import io.sparktts.reports.schema.Environment;
import io.sparktts.reports.schema.Limit;
import io.sparktts.reports.schema.ResultFile;
import io.sparktts.reports.schema.ResultLine;
import io.sparktts.reports.schema.Row;
import io.sparktts.reports.schema.RowKey;
import io.sparktts.reports.schema.Status;
import io.sparktts.reports.schema.Timing;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Invented results: made up to exercise the report, measured nowhere. */
final class Samples {
    static final Environment MACHINE =
            Environment.builder("sparktts")
                    .date("2026-01-02T03:04:05Z")
                    .host("Linux 6.1 amd64")
                    .cpuModel("Invented CPU")
                    .cores(8)
                    .memoryBytes(32L << 30)
                    .lastLevelCacheBytes(32L << 20)
                    .jvm("Invented JDK 25")
                    .gpu("Invented GPU")
                    .gitRevision("0123abc")
                    .limits(List.of(new Limit("gpu", "copy", "f32", 2000, Limit.GB_PER_SECOND)))
                    .notes(List.of("invented numbers"))
                    .seeds(Map.of("inputs", 42L))
                    .build();

    static final Environment OTHER_MACHINE = MACHINE.toBuilder().cpuModel("Another CPU").build();

    private Samples() {}

    static RowKey key(
            String benchmark, String backend, String variant, String dtype, String shape) {
        String[] sizes = shape.split("x", -1);
        boolean model = benchmark.equals("forward") || benchmark.equals("decode");
        return new RowKey(
                benchmark,
                backend,
                backend.equals("gpu") ? "Invented GPU" : "cpu",
                variant,
                dtype,
                Integer.parseInt(sizes[0]),
                Integer.parseInt(sizes[1]),
                shape,
                model ? "invented-0.5B" : null);
    }

    /** A passed row of the given device time. */
    static Row row(Environment environment, RowKey key, double millis) {
        long nanos = Math.round(millis * 1e6);
        Timing device = Timing.of(new long[] {nanos, nanos - nanos / 50, nanos + nanos / 50});
        double epsilon = key.dtype().equals("f32") ? 4e-7 : key.dtype().equals("f16") ? 1e-3 : 8e-3;
        boolean plain = key.variant().equals("naive");
        return Row.builder(environment.id(), key)
                .maxAbsDiff(plain ? 2 * epsilon : epsilon)
                .errorInTolerance(0.25)
                .reference("oracle float64")
                .wallTime(Timing.of(new long[] {nanos + 8_000}))
                .deviceTime(device)
                .bytesPerCall(
                        Math.round(
                                nanos
                                        * (plain
                                                ? 400.0
                                                : 1000
                                                        + 40.0
                                                                * key.benchmark().length()
                                                                * key.dtype().length())))
                .rates()
                .shareOf("copy", nanos % 90 + 5.0)
                .build();
    }

    static Row failed(Environment environment, RowKey key, Status status, String reason) {
        return Row.builder(environment.id(), key).failed(status, reason).build();
    }

    /** A run of two backends over several kernels, lengths, dtypes and batches. */
    static List<ResultLine> lines(Environment environment) {
        List<ResultLine> lines = new ArrayList<>(List.of(environment));
        for (String dtype : List.of("f32", "f16", "bf16")) {
            double width = dtype.equals("f32") ? 1 : dtype.equals("f16") ? 0.55 : 0.7;
            for (String shape : List.of("1x512x896", "1x1000x896", "1x2048x896", "8x512x896")) {
                String[] sizes = shape.split("x", -1);
                double tokens = Double.parseDouble(sizes[0]) * Double.parseDouble(sizes[1]);
                double naive = 0.004 + width * tokens * 2.2e-5;
                double fused = 0.003 + width * tokens * 4e-6;
                lines.add(row(environment, key("rmsnorm", "gpu", "naive", dtype, shape), naive));
                lines.add(row(environment, key("rmsnorm", "gpu", "fused", dtype, shape), fused));
                lines.add(row(environment, key("mlp", "gpu", "naive", dtype, shape), 60 * fused));
                lines.add(row(environment, key("mlp", "gpu", "fused", dtype, shape), 45 * fused));
                lines.add(
                        row(environment, key("mlp", "gpu", "cublasLt", dtype, shape), 30 * fused));
                if (dtype.equals("f32")) {
                    RowKey slow = key("rmsnorm", "vector", "naive", dtype, shape);
                    lines.add(row(environment, slow, 30 * naive));
                    RowKey quick = key("rmsnorm", "vector", "fused", dtype, shape);
                    lines.add(row(environment, quick, 9 * naive));
                }
            }
        }
        for (String shape : List.of("1x500", "1x1000", "1x2000")) {
            double tokens = Double.parseDouble(shape.substring(2));
            RowKey naive = key("forward", "gpu", "naive", "bf16", shape);
            lines.add(row(environment, naive, 4 + tokens * 0.02));
            RowKey swapped = key("forward", "gpu", "naive+rmsNorm=fused", "bf16", shape);
            lines.add(row(environment, swapped, 3.6 + tokens * 0.017));
            RowKey fused = key("forward", "gpu", "fused", "bf16", shape);
            lines.add(row(environment, fused, 1.5 + tokens * 0.008));
        }
        lines.add(
                Row.builder(environment.id(), key("attention", "gpu", "fused", "f16", "1x512x896"))
                        .failed(Status.NON_FINITE, "3 outputs are NaN | first at [0, 7]")
                        .maxAbsDiff(Double.NaN)
                        .nonFinite(3)
                        .build());
        lines.add(
                failed(
                        environment,
                        key("attention", "gpu", "naive", "bf16", "1x512x896"),
                        Status.UNSUPPORTED,
                        "no <bf16> attention here"));
        return lines;
    }

    static ResultFile results(Environment environment) {
        List<Row> rows = new ArrayList<>();
        for (ResultLine line : lines(environment)) {
            if (line instanceof Row row) {
                rows.add(row);
            }
        }
        return new ResultFile(List.of(environment), rows, false);
    }
}
