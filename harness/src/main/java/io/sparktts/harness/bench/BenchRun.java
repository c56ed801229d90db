package io.sparktts.harness.bench;

import io.sparktts.backend.Backend;
import io.sparktts.harness.BackendProcess;
import io.sparktts.harness.LineTail;
import io.sparktts.harness.UserError;
import io.sparktts.reports.schema.Environment;
import io.sparktts.reports.schema.ResultFile;
import io.sparktts.reports.schema.ResultLine;
import io.sparktts.reports.schema.Row;
import io.sparktts.reports.schema.RowKey;
import io.sparktts.reports.schema.Status;
import io.sparktts.reports.schema.Timing;

import org.jspecify.annotations.Nullable;

import tools.jackson.databind.json.JsonMapper;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Runs rows, one backend after the other, each backend in processes of its own. Finished rows are
 * in the result file at once, so that an interrupted run is a valid smaller one.
 */
public final class BenchRun {
    private static final Duration POLL = Duration.ofMillis(300);

    private final Path folder;
    private final Path results;
    private final Path limits;
    private final Environment environment;
    private final RunPlan.Effort effort;
    private final long deadlineEpochMillis;
    private final PrintWriter out;

    /**
     * A run that has not begun.
     *
     * @param folder of the run
     * @param deadlineEpochMillis when the last row has to be done; 0 for never
     */
    public BenchRun(
            Path folder,
            Environment environment,
            RunPlan.Effort effort,
            long deadlineEpochMillis,
            PrintWriter out) {
        this.folder = folder;
        this.results = results(folder);
        this.limits = folder.resolve("limits.jsonl");
        this.environment = environment;
        this.effort = effort;
        this.deadlineEpochMillis = deadlineEpochMillis;
        this.out = out;
    }

    /** The result file of a run's folder. */
    public static Path results(Path folder) {
        return folder.resolve("results.jsonl");
    }

    /**
     * Measures all rows that the result file does not have yet; returns all of this grid's rows.
     *
     * @throws UserError if another process is at work in the folder
     */
    public List<Row> run(Map<Backend, List<BenchSpec>> specs) {
        Path file = folder.resolve("lock");
        try {
            Files.createDirectories(folder);
            try (FileChannel channel =
                            FileChannel.open(
                                    file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                    @Nullable FileLock lock = channel.tryLock()) {
                if (lock == null) {
                    throw UserError.usage(
                            "another run is at work in " + folder + "; use another --out");
                }
                List<Row> rows = measure(specs);
                Files.deleteIfExists(file);
                return rows;
            }
        } catch (IOException e) {
            throw new UncheckedIOException(folder + " cannot be written: " + e.getMessage(), e);
        }
    }

    private List<Row> measure(Map<Backend, List<BenchSpec>> specs) {
        Set<RowKey> settled =
                Files.exists(results)
                        ? ResultFile.read(results).settledKeys(environment.id())
                        : Set.of();
        ResultFile.append(results, environment);
        Map<Backend, List<BenchSpec>> open = new LinkedHashMap<>();
        int rows = 0;
        double estimate = 0;
        for (Map.Entry<Backend, List<BenchSpec>> e : specs.entrySet()) {
            writeSkipped(e.getValue());
            List<BenchSpec> missing =
                    e.getValue().stream()
                            .filter(s -> s.skip() == null && !settled.contains(s.key()))
                            .toList();
            open.put(e.getKey(), missing);
            rows += missing.size();
            estimate += missing.stream().mapToDouble(BenchSpec::estimateMillis).sum();
        }
        Thread farewell = new Thread(this::interrupted, "interrupted");
        Runtime.getRuntime().addShutdownHook(farewell);
        try (Progress progress = new Progress(out, rows, estimate)) {
            open.forEach((backend, missing) -> run(backend, missing, progress));
        }
        Runtime.getRuntime().removeShutdownHook(farewell);
        ResultFile.append(
                results,
                environment.toBuilder()
                        .limits(LimitMeter.read(limits))
                        .clocksAfter(MachineRecord.clocks())
                        .build());
        Set<RowKey> keys =
                specs.values().stream()
                        .flatMap(List::stream)
                        .map(BenchSpec::key)
                        .collect(Collectors.toSet());
        return rows().stream().filter(r -> keys.contains(r.key())).toList();
    }

    private void interrupted() {
        out.println();
        out.println(
                "interrupted; what is done is in "
                        + results
                        + "; the same command with --resume --out "
                        + folder
                        + " finishes it");
        out.flush();
    }

    private List<Row> rows() {
        return ResultFile.read(results).rows().stream()
                .filter(r -> r.environmentId().equals(environment.id()))
                .toList();
    }

    private void writeSkipped(List<BenchSpec> specs) {
        List<Row> rows = new ArrayList<>();
        for (BenchSpec s : specs) {
            if (s.skip() != null) {
                rows.add(
                        Row.builder(environment.id(), s.key())
                                .failed(Status.SKIPPED, s.skip())
                                .build());
            }
        }
        if (!rows.isEmpty()) {
            ResultFile.append(results, rows);
        }
    }

    private void run(Backend backend, List<BenchSpec> specs, Progress progress) {
        if (specs.isEmpty()) {
            return;
        }
        if (timeIsOver()) {
            specs.forEach(s -> lose(s, Status.SKIPPED, RowMeasurement.TIME_OVER, progress));
            return;
        }
        String suffix = backend.name() + number(backend.name());
        Path plan = folder.resolve("plan-" + suffix + ".json").toAbsolutePath();
        Path log = folder.resolve("worker-" + suffix + ".log").toAbsolutePath();
        new RunPlan(
                        specs,
                        specs.getFirst().asynchronous() ? effort.besideHost() : effort,
                        BackendProcess.jvmArguments(backend),
                        environment.id(),
                        results.toAbsolutePath().toString(),
                        limits.toAbsolutePath().toString(),
                        folder.resolve("jmh-" + suffix + ".log").toAbsolutePath().toString(),
                        folder.resolve("jmh-" + suffix + ".json").toAbsolutePath().toString(),
                        deadlineEpochMillis)
                .write(plan);
        Map<RowKey, BenchSpec> waiting = new LinkedHashMap<>();
        specs.forEach(s -> waiting.put(s.key(), s));
        String why;
        try {
            LineTail tail = new LineTail(results, Files.size(results));
            why = await(backend, plan, log, tail, waiting, progress);
            Files.deleteIfExists(plan);
            Files.deleteIfExists(JmhRun.current(plan));
            if (why.isEmpty() || why.equals(RowMeasurement.TIME_OVER)) {
                Files.deleteIfExists(log);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(folder + ": " + e.getMessage(), e);
        }
        String reason =
                why.isEmpty()
                        ? "its JVM ended without a result; jmh-" + suffix + ".log says more"
                        : why;
        Status status = why.equals(RowMeasurement.TIME_OVER) ? Status.SKIPPED : Status.ERROR;
        List.copyOf(waiting.values()).forEach(s -> lose(s, status, reason, progress));
    }

    /** Writes a row that its own process did not write. */
    private void lose(BenchSpec spec, Status status, String reason, Progress progress) {
        Row row = Row.builder(environment.id(), spec.key()).failed(status, reason).build();
        ResultFile.append(results, row);
        progress.row(text(row), spec.estimateMillis());
    }

    /** Nothing for a first run, else what keeps the logs of earlier ones. */
    private String number(String backend) {
        int n = 1;
        while (Files.exists(folder.resolve("jmh-" + backend + suffix(n) + ".log"))) {
            n++;
        }
        return suffix(n);
    }

    private static String suffix(int n) {
        return n == 1 ? "" : "-" + n;
    }

    /**
     * Waits for the process and takes rows as they come; returns how it died, or nothing if it
     * ended well.
     */
    private String await(
            Backend backend,
            Path plan,
            Path log,
            LineTail tail,
            Map<RowKey, BenchSpec> waiting,
            Progress progress) {
        Duration patience =
                Duration.ofMillis(effort.rowTimeoutMillis() * waiting.size()).plusSeconds(60);
        long start = System.nanoTime();
        try (BackendProcess process =
                BackendProcess.start(backend, log, List.of("bench", plan.toString()))) {
            boolean ended = false;
            while (!ended) {
                ended = process.waitFor(POLL);
                for (String line : tail.next()) {
                    if (JsonMapper.shared().readValue(line, ResultLine.class) instanceof Row row) {
                        finish(row, waiting, progress);
                    }
                }
                if (!ended && timeIsOver()) {
                    process.end();
                    return RowMeasurement.TIME_OVER;
                }
                if (!ended && System.nanoTime() - start > patience.toNanos()) {
                    process.end();
                    return "the benchmark process did not end within " + Durations.text(patience);
                }
            }
            return process.exitCode() == 0 ? "" : process.obituary();
        }
    }

    private boolean timeIsOver() {
        return deadlineEpochMillis > 0 && System.currentTimeMillis() > deadlineEpochMillis;
    }

    private static void finish(Row row, Map<RowKey, BenchSpec> waiting, Progress progress) {
        Optional.ofNullable(waiting.remove(row.key()))
                .ifPresent(spec -> progress.row(text(row), spec.estimateMillis()));
    }

    private static String text(Row r) {
        Timing time = r.time();
        String result =
                time != null
                        ? String.format(Locale.ROOT, "%.3f ms", time.medianMillis())
                        : r.status() + (r.message() == null ? "" : ": " + r.message());
        return r.backend()
                + " "
                + r.benchmark()
                + " "
                + r.shape()
                + " "
                + r.dtype()
                + " "
                + r.variant()
                + ": "
                + result;
    }
}
