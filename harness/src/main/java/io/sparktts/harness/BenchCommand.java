package io.sparktts.harness;

import io.sparktts.backend.Backend;
import io.sparktts.harness.bench.BenchKind;
import io.sparktts.harness.bench.BenchRun;
import io.sparktts.harness.bench.BenchSpec;
import io.sparktts.harness.bench.BenchSummary;
import io.sparktts.harness.bench.Durations;
import io.sparktts.harness.bench.Grid;
import io.sparktts.harness.bench.MachineRecord;
import io.sparktts.harness.bench.Models;
import io.sparktts.harness.bench.Preset;
import io.sparktts.harness.bench.RunPlan;
import io.sparktts.reports.Report;
import io.sparktts.reports.ReportOptions;
import io.sparktts.reports.schema.Environment;
import io.sparktts.reports.schema.Row;
import io.sparktts.reports.schema.Status;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Stream;

/** Measures kernels and passes of the model, and writes a report. */
@Command(
        name = "bench",
        mixinStandardHelpOptions = true,
        description =
                "Measures kernels and the model on every backend that can run, and writes a"
                        + " report.")
public final class BenchCommand implements Callable<Integer> {
    private static final Path RUNS = Path.of("sparktts-results");

    /**
     * Leaves the rest of the three minutes that quick promises to the report and to a row that
     * takes longer.
     */
    private static final Duration QUICK_ROWS = Duration.ofSeconds(165);

    private static final Set<Status> WRONG =
            EnumSet.of(Status.INCORRECT, Status.NON_FINITE, Status.ERROR, Status.TIMEOUT);

    @Spec private CommandSpec spec = CommandSpec.create();

    @Parameters(
            paramLabel = "BENCHMARK",
            arity = "0..*",
            description = "see --list; default: those of the preset")
    private List<String> benchmarks = new ArrayList<>();

    @Option(names = "--preset", paramLabel = "NAME", description = "quick (default), seed or full")
    private String preset = "quick";

    @Mixin private Selection only = new Selection();

    @Option(
            names = "--device",
            split = ",",
            paramLabel = "ID",
            description = "devices (default: each backend's first)")
    private List<String> devices = new ArrayList<>();

    @Option(
            names = "--variant",
            paramLabel = "TEXT",
            description =
                    "a variant, or e.g. naive,rmsNorm=fused inside a model; repeat for several")
    private List<String> variants = new ArrayList<>();

    @Option(
            names = "--baseline",
            paramLabel = "NAME",
            description = "what to compare with: VARIANT or BACKEND:VARIANT (default: naive)")
    private String baseline = "naive";

    @Option(names = "--batch", split = ",", paramLabel = "N", description = "sequences per call")
    private List<Integer> batches = new ArrayList<>();

    @Option(
            names = "--seq",
            split = ",",
            paramLabel = "N",
            description = "rows or tokens per sequence")
    private List<Integer> sequences = new ArrayList<>();

    @Option(
            names = "--model",
            paramLabel = "MODEL",
            description = "tiny, 0.5b (default) or a checkpoint's folder")
    private String model = "0.5b";

    @Option(names = "--rounds", paramLabel = "N", description = "measured iterations per row")
    private @Nullable Integer rounds;

    @Option(names = "--list", description = "list benchmarks and presets")
    private boolean list;

    @Option(
            names = "--dry-run",
            description = "print the rows and how long they will take, and measure nothing")
    private boolean dryRun;

    @Option(
            names = "--resume",
            description = "measure what an interrupted run in --out (default: the latest) lacks")
    private boolean resume;

    @Option(names = "--no-report", description = "write raw results only")
    private boolean noReport;

    @Option(
            names = "--out",
            paramLabel = "DIR",
            description = "folder of the run (default: sparktts-results/DATE)")
    private @Nullable Path out;

    @Override
    public Integer call() {
        long start = System.currentTimeMillis();
        PrintWriter printer = spec.commandLine().getOut();
        if (list) {
            printList(printer);
            return UserError.OK;
        }
        Preset chosenPreset = Preset.parse(preset);
        Integer wantedRounds = rounds;
        if (wantedRounds != null && wantedRounds < 1) {
            throw UserError.usage(
                    "--rounds " + wantedRounds + " is too few; valid: whole numbers from 1 on");
        }
        int colon = baseline.indexOf(':');
        if (colon >= 0) {
            Probing.named(List.of(baseline.substring(0, colon)));
        }
        Grid grid =
                new Grid(
                        chosenPreset,
                        benchmarks.stream().map(BenchKind::parse).distinct().toList(),
                        only.dtypes(),
                        batches,
                        sequences,
                        variants,
                        baseline.substring(colon + 1),
                        devices,
                        model,
                        RunPlan.Effort.of(chosenPreset, wantedRounds == null ? 0 : wantedRounds));
        // Bad input is reported before the seconds that probing takes.
        Models.config(model);
        List<Backend> named = Probing.named(only.backends());
        Path folder = dryRun ? RUNS : folder();
        Map<Backend, ProbeReport> reports = Probing.probe(named);
        Map<Backend, ProbeReport> runnable = Probing.available(reports, only.backends());
        Map<Backend, List<BenchSpec>> specs = specs(grid, runnable);
        reports.forEach(
                (b, r) -> {
                    if (!r.available()) {
                        printer.println(b.name() + ": left out: " + r.whyNot());
                    }
                });
        if (dryRun) {
            printPlan(specs, printer);
            return UserError.OK;
        }
        boolean timed = chosenPreset == Preset.QUICK && isPlain();
        List<String> notes = notes(chosenPreset, runnable);
        notes.forEach(n -> printer.println("note: " + n));
        printer.println("results: " + folder);
        printer.flush();
        Environment environment =
                MachineRecord.of(
                        runnable.values(), jvmArguments(runnable.keySet()), commandLine(), notes);
        long deadline = timed ? start + QUICK_ROWS.toMillis() : 0;
        List<Row> rows =
                new BenchRun(folder, environment, grid.effort(), deadline, printer).run(specs);
        BenchSummary.print(rows, baseline, printer);
        if (!noReport) {
            writeReport(folder, printer);
        }
        return rows.stream().anyMatch(r -> WRONG.contains(r.status()))
                ? UserError.INCORRECT
                : UserError.OK;
    }

    /** Whether nothing but the preset decides what is run, so that its promise of time holds. */
    private boolean isPlain() {
        return benchmarks.isEmpty()
                && variants.isEmpty()
                && only.dtypes().isEmpty()
                && batches.isEmpty()
                && sequences.isEmpty()
                && model.equals("0.5b")
                && rounds == null;
    }

    private static Map<Backend, List<BenchSpec>> specs(
            Grid grid, Map<Backend, ProbeReport> runnable) {
        if (runnable.isEmpty()) {
            throw UserError.unavailable("no backend can run here; see sparktts backends");
        }
        List<BenchSpec> all = grid.specs(runnable.values());
        if (all.isEmpty()) {
            throw UserError.usage(
                    "nothing to measure: none of the benchmarks has such a variant; see bench"
                            + " --list");
        }
        Map<Backend, List<BenchSpec>> specs = new LinkedHashMap<>();
        for (Backend b : runnable.keySet()) {
            specs.put(b, all.stream().filter(s -> s.backend().equals(b.name())).toList());
        }
        return specs;
    }

    private Path folder() {
        Path wanted = out;
        if (resume) {
            Path folder = wanted != null ? wanted : latest();
            if (!Files.exists(BenchRun.results(folder))) {
                throw UserError.usage(
                        "nothing to resume in " + folder + ": it holds no results.jsonl");
            }
            return folder;
        }
        if (wanted == null) {
            String name =
                    LocalDateTime.now(ZoneId.systemDefault())
                            .format(
                                    DateTimeFormatter.ofPattern(
                                            "yyyy-MM-dd_HH-mm-ss", Locale.ROOT));
            return RUNS.resolve(name);
        }
        if (Files.exists(wanted) && !isEmptyFolder(wanted)) {
            throw UserError.usage(
                    "folder "
                            + wanted
                            + " exists; use --resume to finish the run in it, or another --out");
        }
        return wanted;
    }

    private static boolean isEmptyFolder(Path p) {
        if (!Files.isDirectory(p)) {
            return false;
        }
        try (Stream<Path> entries = Files.list(p)) {
            return entries.findAny().isEmpty();
        } catch (IOException e) {
            throw new UncheckedIOException(p + " cannot be read: " + e.getMessage(), e);
        }
    }

    private static Path latest() {
        if (!Files.isDirectory(RUNS)) {
            throw UserError.usage("nothing to resume: there is no folder " + RUNS);
        }
        try (Stream<Path> runs = Files.list(RUNS)) {
            return runs.filter(r -> Files.exists(BenchRun.results(r)))
                    .max(Path::compareTo)
                    .orElseThrow(() -> UserError.usage("nothing to resume in " + RUNS));
        } catch (IOException e) {
            throw new UncheckedIOException(RUNS + " cannot be read: " + e.getMessage(), e);
        }
    }

    private static List<String> jvmArguments(Set<Backend> backends) {
        Set<String> arguments = new LinkedHashSet<>();
        backends.forEach(b -> arguments.addAll(BackendProcess.jvmArguments(b)));
        return List.copyOf(arguments);
    }

    private List<String> commandLine() {
        List<String> words = new ArrayList<>(List.of("sparktts"));
        words.addAll(spec.commandLine().getParent().getParseResult().originalArgs());
        return words;
    }

    private List<String> notes(Preset p, Map<Backend, ProbeReport> runnable) {
        List<String> notes = new ArrayList<>();
        if (p == Preset.QUICK && isPlain()) {
            notes.add(
                    "quick is scaled down: forward passes of 32 tokens (seed: 500 to 2500)"
                            + " in bf16 only, MLP 1x128 (seed: 1x512, 4x512), one RMSNorm shape (seed:"
                            + " six), short iterations; --preset seed measures the whole grid");
            if (runnable.keySet().stream().anyMatch(b -> b.name().equals("reference"))) {
                notes.add(
                        "quick times reference on one shape per kernel, and only up to 2 GFLOP per"
                                + " call");
            }
        }
        notes.add(
                "passes of the model are checked on a two-layer model of the same width against the"
                        + " float64 oracle");
        notes.add(
                "of calls too fast to list, 1024 samples spread evenly over the measured time are"
                        + " kept");
        return notes;
    }

    private void writeReport(Path folder, PrintWriter printer) {
        Path target = folder.resolve("report");
        for (int n = 2; Files.exists(target); n++) {
            target = folder.resolve("report-" + n);
        }
        ReportOptions defaults = ReportOptions.defaults();
        Report.Written written =
                Report.write(
                        List.of(BenchRun.results(folder)),
                        target,
                        new ReportOptions(baseline, defaults.title()));
        written.warnings().forEach(w -> printer.println("note: " + w));
        printer.println("report: " + written.folder().resolve("report.html"));
        printer.flush();
    }

    private static void printList(PrintWriter printer) {
        printer.println("benchmarks:");
        for (BenchKind k : BenchKind.values()) {
            printer.printf("  %-17s %s%n", k.id(), k.description());
        }
        printer.println("presets (batch x length):");
        for (Preset p : Preset.values()) {
            printer.println("  " + p.id());
            for (Preset.Part part : p.parts()) {
                List<String> shapes =
                        part.shapes().stream().map(s -> s.batch() + "x" + s.sequence()).toList();
                List<String> types = part.dtypes().stream().map(t -> t.id()).toList();
                printer.printf(
                        "    %-17s %s; %s%s%n",
                        part.kind().id(),
                        String.join(", ", shapes),
                        String.join(", ", types),
                        part.ablation() ? "; with the single-operation ablation" : "");
            }
        }
        printer.flush();
    }

    private static void printPlan(Map<Backend, List<BenchSpec>> specs, PrintWriter printer) {
        double total = 0;
        int rows = 0;
        for (List<BenchSpec> list : specs.values()) {
            for (BenchSpec s : list) {
                String skip = s.skip();
                printer.println(
                        s.label()
                                + (skip == null
                                        ? String.format(
                                                Locale.ROOT,
                                                " (about %.0f s)",
                                                s.estimateMillis() / 1000)
                                        : " skipped: " + skip));
                total += s.estimateMillis();
                rows += skip == null ? 1 : 0;
            }
        }
        printer.println(
                rows + " rows, about " + Durations.text(Duration.ofMillis(Math.round(total))));
        printer.flush();
    }
}
