package io.sparktts.reports;

import io.sparktts.reports.schema.ReportException;
import io.sparktts.reports.schema.ResultFile;
import io.sparktts.reports.schema.ResultLine;
import io.sparktts.reports.schema.Row;

import org.jspecify.annotations.Nullable;

import tech.tablesaw.api.Table;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;

/** Writes a folder with a report from result files: tables, charts and the raw rows. */
public final class Report {

    /**
     * What was written.
     *
     * @param folder that holds {@code report.md}, {@code report.html} and the rest
     * @param warnings what is missing from it, one line each
     */
    public record Written(Path folder, List<String> warnings) {}

    /** Key of the figures that span benchmarks; no benchmark has an empty name. */
    static final String ALL_BENCHMARKS = "";

    /** Key of the figure of an utterance's stages. */
    static final String SPEECH_STAGES = "speech stages";

    private final Path folder;
    private final ResultFile results;
    private final Map<String, String> machines;
    private final List<Comparison> comparisons;
    private final List<Comparison> optimised;
    private final List<String> warnings = new ArrayList<>();

    private Report(ResultFile results, Baseline baseline, Path folder) {
        this.folder = folder;
        this.results = results;
        this.machines = Comparisons.letters(results.environments());
        this.comparisons = Comparisons.of(results, baseline);
        this.optimised = Comparisons.optimised(comparisons);
    }

    /**
     * Writes a report of all inputs together.
     *
     * @param inputs result files, of one machine or several
     * @param folder to be made; must not hold anything yet
     * @throws ReportException if the inputs cannot be used or the folder is not empty
     */
    public static Written write(List<Path> inputs, Path folder, ReportOptions options) {
        Baseline baseline = Baseline.parse(options.baseline());
        ResultFile results = ResultFile.merge(inputs.stream().map(ResultFile::read).toList());
        if (results.rows().isEmpty()) {
            throw new ReportException("no rows in " + inputs);
        }
        try {
            requireEmpty(folder);
            Report report = new Report(results, baseline, folder);
            report.write(options);
            return new Written(folder, List.copyOf(report.warnings));
        } catch (IOException e) {
            throw new ReportException(folder + ": cannot write the report: " + e.getMessage(), e);
        }
    }

    private static void requireEmpty(Path folder) throws IOException {
        if (!Files.exists(folder)) {
            return;
        }
        if (!Files.isDirectory(folder)) {
            throw new ReportException(folder + ": not a folder");
        }
        try (Stream<Path> entries = Files.list(folder)) {
            if (entries.findAny().isPresent()) {
                throw new ReportException(
                        folder + ": not empty; name a new folder, a report never overwrites one");
            }
        }
    }

    private void write(ReportOptions options) throws IOException {
        Path tables = Files.createDirectories(folder.resolve("tables"));
        List<ResultLine> lines = new ArrayList<>(results.environments());
        lines.addAll(results.rows());
        ResultFile.append(folder.resolve("results.jsonl"), lines);

        Map<String, Table> perBenchmark = new LinkedHashMap<>();
        for (Map.Entry<String, List<Comparison>> entry : byBenchmark(comparisons).entrySet()) {
            Table table = SpeedupTable.of(entry.getKey(), entry.getValue(), machines);
            perBenchmark.put(entry.getKey(), table);
            CsvWriter.write(table, tables.resolve(fileName(entry.getKey()) + ".csv"));
        }
        Table means = SpeedupTable.means("geometric-means", comparisons, machines);
        CsvWriter.write(means, tables.resolve("geometric-means.csv"));
        Table failures = SpeedupTable.failures(results.rows(), machines);
        CsvWriter.write(failures, tables.resolve("rows-without-speed.csv"));
        Table speech = SpeechTable.of(results.rows(), machines);
        if (!speech.isEmpty()) {
            CsvWriter.write(speech, tables.resolve(speech.name() + ".csv"));
        }

        Map<String, List<Document.Figure>> figures = drawCharts();
        if (results.truncated()) {
            warnings.add("the last line of an input was cut off and is left out");
        }
        Document document =
                new ReportText(results, machines, comparisons, optimised)
                        .document(
                                options, perBenchmark, speech, means, failures, figures, warnings);
        Files.writeString(folder.resolve("report.md"), MarkdownWriter.write(document));
        Files.writeString(folder.resolve("report.html"), HtmlWriter.write(document, folder));
    }

    /** Figures by benchmark. */
    private Map<String, List<Document.Figure>> drawCharts() throws IOException {
        Map<String, List<Document.Figure>> figures = new LinkedHashMap<>();
        Charts.useNoScreen();
        try {
            FontCheck.require();
        } catch (ReportException e) {
            warnings.add(e.getMessage());
            return figures;
        }
        Files.createDirectories(folder.resolve("charts"));
        ChartData data = new ChartData(machines);
        Map<String, List<Comparison>> best = byBenchmark(optimised);
        Map<String, List<Row>> rows = new LinkedHashMap<>();
        results.rows()
                .forEach(r -> rows.computeIfAbsent(r.benchmark(), k -> new ArrayList<>()).add(r));
        for (Map.Entry<String, List<Row>> entry : rows.entrySet()) {
            String benchmark = entry.getKey();
            List<Document.Figure> list = new ArrayList<>();
            List<Comparison> fastest = best.getOrDefault(benchmark, List.of());
            int number = 0;
            for (ChartData.Lines speedup : data.speedupByLength(benchmark, fastest)) {
                String kind = number++ == 0 ? "speedup" : "speedup-" + number;
                Document.Figure figure = figure(speedup.title(), benchmark, kind);
                Charts.save(speedup, folder.resolve(figure.path()));
                list.add(figure);
            }
            addBars(list, data.latency(benchmark, entry.getValue(), fastest), benchmark, "latency");
            addBars(list, data.error(benchmark, entry.getValue()), benchmark, "error");
            figures.put(benchmark, list);
        }
        ChartData.Bars share = data.shareOfLimit(results.rows());
        if (share != null) {
            Document.Figure figure = figure(share.title(), "all", "limit");
            Charts.saveShares(share, folder.resolve(figure.path()));
            figures.put(ALL_BENCHMARKS, List.of(figure));
        }
        ChartData.Timeline timeline = data.timeline(results.rows());
        if (timeline != null) {
            Document.Figure figure = figure(timeline.title(), "speech", "timeline");
            Charts.saveTimeline(timeline, folder.resolve(figure.path()));
            figures.put(SPEECH_STAGES, List.of(figure));
        }
        return figures;
    }

    private void addBars(
            List<Document.Figure> list,
            ChartData.@Nullable Bars bars,
            String benchmark,
            String kind)
            throws IOException {
        if (bars == null) {
            return;
        }
        Document.Figure figure = figure(bars.title(), benchmark, kind);
        boolean error = kind.equals("error");
        String axis = error ? "max abs diff" : "median time per call [ms]";
        Charts.save(bars, axis, error, folder.resolve(figure.path()));
        list.add(figure);
    }

    private static Document.Figure figure(String title, String benchmark, String kind) {
        return new Document.Figure(title, "charts/" + fileName(benchmark) + "-" + kind);
    }

    private static Map<String, List<Comparison>> byBenchmark(List<Comparison> comparisons) {
        Map<String, List<Comparison>> groups = new LinkedHashMap<>();
        for (Comparison comparison : comparisons) {
            groups.computeIfAbsent(comparison.row().benchmark(), key -> new ArrayList<>())
                    .add(comparison);
        }
        return groups;
    }

    private static String fileName(String benchmark) {
        return benchmark.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9.-]+", "-");
    }
}
