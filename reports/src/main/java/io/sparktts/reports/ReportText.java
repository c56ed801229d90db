package io.sparktts.reports;

import io.sparktts.reports.schema.Environment;
import io.sparktts.reports.schema.Limit;
import io.sparktts.reports.schema.ResultFile;

import org.jspecify.annotations.Nullable;

import tech.tablesaw.api.NumericColumn;
import tech.tablesaw.api.Table;
import tech.tablesaw.columns.Column;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.IntStream;

/** Puts a report's tables, charts and words in order. */
final class ReportText {
    /** Lines of one table in the report; the CSV files have them all. */
    private static final int MAX_ROWS = 60;

    private final ResultFile results;
    private final Map<String, String> machines;
    private final List<Comparison> comparisons;
    private final List<Comparison> optimised;
    private final List<Document.Block> blocks = new ArrayList<>();

    ReportText(
            ResultFile results,
            Map<String, String> machines,
            List<Comparison> comparisons,
            List<Comparison> optimised) {
        this.results = results;
        this.machines = machines;
        this.comparisons = comparisons;
        this.optimised = optimised;
    }

    Document document(
            ReportOptions options,
            Map<String, Table> perBenchmark,
            Table speech,
            Table means,
            Table failures,
            Map<String, List<Document.Figure>> figures,
            List<String> warnings) {
        if (!warnings.isEmpty()) {
            heading("Missing from this report");
            blocks.add(new Document.Bullets(List.copyOf(warnings)));
        }
        headline(options);
        heading("What was measured");
        results.environments().forEach(this::environment);
        perBenchmark.forEach(
                (benchmark, table) -> {
                    heading(benchmark);
                    grid(SpeedupTable.printed(table, Columns.BENCHMARK));
                    blocks.addAll(figures.getOrDefault(benchmark, List.of()));
                });
        if (!speech.isEmpty()) {
            heading("Speech, stage by stage");
            paragraph(
                    "Medians over the calls; the underrun is the largest of all, of a player that"
                            + " starts with the first audio. A real-time factor below 1 is faster"
                            + " than speech.");
            grid(SpeedupTable.printed(speech));
            blocks.addAll(figures.getOrDefault(Report.SPEECH_STAGES, List.of()));
        }
        if (!means.isEmpty()) {
            heading("Geometric means");
            grid(SpeedupTable.printed(means));
        }
        blocks.addAll(figures.getOrDefault(Report.ALL_BENCHMARKS, List.of()));
        heading("Rows without a speed");
        if (failures.isEmpty()) {
            paragraph("None: all %d rows passed.".formatted(results.rows().size()));
        } else {
            grid(SpeedupTable.withoutIdleColumns(failures));
        }
        howToRead(options);
        return new Document(options.title(), List.copyOf(blocks));
    }

    private void headline(ReportOptions options) {
        heading("Headline: %s against optimised".formatted(options.baseline()));
        List<Comparison> models = optimised.stream().filter(Comparison::isWholeModel).toList();
        List<Comparison> kernels = optimised.stream().filter(c -> !c.isWholeModel()).toList();
        blocks.addAll(ratios(options));
        List<Comparison> ablations = comparisons.stream().filter(Comparison::isAblation).toList();
        if (!models.isEmpty()) {
            paragraph("Whole model, each pass with its fastest variant:");
            grid(SpeedupTable.printed(SpeedupTable.of("whole-model", models, machines)));
        }
        Table means = SpeedupTable.optimisedMeans("kernels", kernels, machines);
        if (!means.isEmpty()) {
            paragraph("Single kernels, each configuration with its fastest variant:");
            grid(SpeedupTable.printed(means));
        }
        if (!ablations.isEmpty()) {
            paragraph("Ablation, single operations swapped inside the whole pass:");
            grid(SpeedupTable.printed(SpeedupTable.of("ablation", ablations, machines)));
        }
        if (optimised.isEmpty()) {
            paragraph("No row passed that could be compared.");
        }
    }

    /** A line per backend and device of ours: all its configurations in one number, or two. */
    private List<Document.Block> ratios(ReportOptions options) {
        Map<String, List<Comparison>> ours = new LinkedHashMap<>();
        for (Comparison c : optimised) {
            if (c.environment().tool().equals(Comparisons.OURS)) {
                String name = c.row().backend() + " on " + c.row().device();
                String machine = machines.size() > 1 ? letter(c.environment()) : "";
                ours.computeIfAbsent(name + machine, key -> new ArrayList<>()).add(c);
            }
        }
        List<String> lines = new ArrayList<>();
        ours.forEach(
                (name, members) -> {
                    List<String> parts = new ArrayList<>();
                    addRatio(
                            parts,
                            members,
                            Comparison::speedup,
                            "baseline \"" + options.baseline() + "\"");
                    addRatio(parts, members, Comparison::versusPeer, "the best peer");
                    if (!parts.isEmpty()) {
                        lines.add(name + ": " + String.join("; ", parts));
                    }
                });
        return lines.isEmpty() ? List.of() : List.of(new Document.Bullets(List.copyOf(lines)));
    }

    private String letter(Environment environment) {
        return ", machine " + machines.getOrDefault(environment.id(), "?");
    }

    private static void addRatio(
            List<String> parts,
            List<Comparison> members,
            Function<Comparison, @Nullable Double> ratio,
            String against) {
        Double mean = SpeedupTable.mean(members, ratio);
        if (mean != null) {
            parts.add(
                    "%s against %s (geometric mean of %d configurations)"
                            .formatted(
                                    Format.ratio(mean),
                                    against,
                                    SpeedupTable.values(members, ratio).size()));
        }
    }

    private void environment(Environment environment) {
        String letter = machines.getOrDefault(environment.id(), "?");
        blocks.add(
                new Document.Heading(3, "Machine %s (%s)".formatted(letter, environment.tool())));
        List<String> items = new ArrayList<>();
        items.add("Date: " + environment.date());
        items.add(
                "CPU: %s, %d cores, last-level cache %s, memory %s"
                        .formatted(
                                environment.cpuModel(),
                                environment.cores(),
                                Format.bytes(environment.lastLevelCacheBytes()),
                                Format.bytes(environment.memoryBytes())));
        if (environment.gpu() != null) {
            items.add(
                    "GPU: %s, driver %s, CUDA %s"
                            .formatted(
                                    environment.gpu(),
                                    Format.orAbsent(environment.driver()),
                                    Format.orAbsent(environment.cuda())));
        }
        items.add("System: " + environment.host());
        if (environment.jvm() != null) {
            items.add("JDK: " + environment.jvm());
        }
        environment.backendVersions().forEach((name, version) -> items.add(name + ": " + version));
        items.add(
                "Source: git %s%s"
                        .formatted(
                                Format.orAbsent(environment.gitRevision()),
                                environment.gitDirty() ? " with uncommitted changes" : ""));
        if (environment.clocksBefore() != null || environment.clocksAfter() != null) {
            items.add(
                    "Clocks: before %s; after %s"
                            .formatted(
                                    Format.orAbsent(environment.clocksBefore()),
                                    Format.orAbsent(environment.clocksAfter())));
        }
        if (!environment.commandLine().isEmpty()) {
            items.add("Command: " + String.join(" ", environment.commandLine()));
        }
        environment.limits().forEach(limit -> items.add(limit(limit)));
        environment.notes().forEach(note -> items.add("Note: " + note));
        blocks.add(new Document.Bullets(List.copyOf(items)));
    }

    private static String limit(Limit limit) {
        return "Measured limit, %s %s %s: %s %s"
                .formatted(
                        limit.backend(),
                        limit.kind(),
                        limit.dtype(),
                        Format.significant(limit.value()),
                        limit.unit());
    }

    private void howToRead(ReportOptions options) {
        heading("How to read this");
        blocks.add(
                new Document.Bullets(
                        List.of(
                                "Speedup is the time of baseline \"%s\" divided by the variant's, of medians; \"speedup vs best\" divides the time of the fastest row of the same configuration on the same machine, peers included, so 1.00x is the best itself."
                                        .formatted(options.baseline()),
                                "A peer is another tool's row of the same configuration on the same"
                                        + " device of the same machine; \"speedup vs best peer\" divides"
                                        + " the fastest one's time by the variant's.",
                                "Times are the device's own clock where both rows have one, else"
                                        + " the wall clock around launch and synchronise; the column"
                                        + " \"clock\" says which. A ratio never mixes the two, and those of decode go by the"
                                        + " wall clock. Device times of kernels on a GPU find their inputs"
                                        + " in the cache; \"cold caches\" is a single call that does not,"
                                        + " and \"launch\" is what the wall clock of a call has"
                                        + " beyond the device's time.",
                                "Only rows that passed their tolerance have a speed. Errors are"
                                        + " against the reference named in the raw rows; the reason of"
                                        + " every other row is listed above.",
                                "The share of the limit is of what this machine was measured to"
                                        + " reach, not of a data sheet. Above 100 %, doubt the probe.",
                                "Published speedups were measured by others on other hardware, and"
                                        + " are no result of this run. Means are geometric. All samples"
                                        + " are in results.jsonl.")));
    }

    private void heading(String text) {
        blocks.add(new Document.Heading(2, text));
    }

    private void paragraph(String text) {
        blocks.add(new Document.Paragraph(text));
    }

    private void grid(Table table) {
        List<Column<?>> columns = table.columns();
        List<List<String>> rows =
                IntStream.range(0, Math.min(table.rowCount(), MAX_ROWS))
                        .mapToObj(row -> columns.stream().map(c -> Format.cell(c, row)).toList())
                        .toList();
        blocks.add(
                new Document.Grid(
                        columns.stream().map(Column::name).toList(),
                        columns.stream().map(c -> c instanceof NumericColumn).toList(),
                        rows));
        if (table.rowCount() > MAX_ROWS) {
            paragraph(
                    "The first %d of %d lines; the folder tables has them all."
                            .formatted(MAX_ROWS, table.rowCount()));
        }
    }
}
