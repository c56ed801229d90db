package io.sparktts.harness;

import io.sparktts.backend.Backend;
import io.sparktts.backend.DeviceInfo;
import io.sparktts.contract.CaseStatus;
import io.sparktts.contract.GoldenChecks;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

import tools.jackson.databind.json.JsonMapper;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;

/** Checks kernels against the float64 oracle and the golden files, on any machine. */
@Command(
        name = "verify",
        mixinStandardHelpOptions = true,
        description = "Checks every kernel, variant and dtype of every backend that can run.")
public final class VerifyCommand implements Callable<Integer> {
    private static final Duration SILENCE = Duration.ofMinutes(5);
    private static final int MAX_RESTARTS = 5;

    @Spec private CommandSpec spec = CommandSpec.create();

    @Mixin private Selection only = new Selection();

    private static final class Goldens {
        @Option(
                names = "--golden",
                paramLabel = "DIR",
                description = "golden files to use instead of the bundled ones")
        private @Nullable Path directory;

        @Option(
                names = "--no-golden",
                description = "leave out golden checks: whole models, for slow checkers")
        private boolean none;
    }

    @ArgGroup private Goldens goldens = new Goldens();

    @Option(
            names = "--require",
            split = ",",
            paramLabel = "NAME",
            description = "fail if this backend cannot run here")
    private List<String> required = new ArrayList<>();

    @Option(
            names = "--most-operations",
            paramLabel = "N",
            defaultValue = "9223372036854775807",
            description = "leave out contract cases that cost the oracle more, for slow checkers")
    private long mostOperations;

    private static final class Tally {
        int passed;
        int unsupported;
        int failed;
        int next;
        boolean complete;
        boolean givenUp;
        String running = "";
    }

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        Path goldenFiles = goldens.directory == null ? null : goldens.directory.toAbsolutePath();
        if (goldenFiles != null) {
            // Says what is missing now, rather than from each backend's process.
            GoldenChecks.of(goldenFiles);
        }
        List<String> mustRun = new ArrayList<>(only.backends());
        mustRun.addAll(required);
        List<Backend> chosen = new ArrayList<>(Probing.named(only.backends()));
        for (Backend b : required.isEmpty() ? List.<Backend>of() : Probing.named(required)) {
            if (chosen.stream().noneMatch(c -> c.name().equals(b.name()))) {
                chosen.add(b);
            }
        }
        Map<Backend, ProbeReport> reports = Probing.probe(chosen);
        Map<Backend, ProbeReport> runnable = Probing.available(reports, mustRun);
        reports.forEach(
                (b, r) -> {
                    if (!r.available()) {
                        out.println(b.name() + ": skipped: " + r.whyNot());
                    }
                });
        int failed = 0;
        for (Map.Entry<Backend, ProbeReport> e : runnable.entrySet()) {
            failed +=
                    verify(
                            e.getKey(),
                            e.getValue().devices().getFirst(),
                            new VerifyWorker.Choice(
                                    only.dtypes(), !goldens.none, goldenFiles, mostOperations),
                            out);
        }
        if (runnable.isEmpty()) {
            throw UserError.unavailable("no backend can run here; see sparktts backends");
        }
        return failed > 0 ? UserError.INCORRECT : UserError.OK;
    }

    /** Returns the number of failures. */
    private static int verify(
            Backend backend, DeviceInfo device, VerifyWorker.Choice choice, PrintWriter out) {
        long start = System.nanoTime();
        Tally tally = new Tally();
        out.println(backend.name() + " on " + device.id() + " (" + device.name() + ")");
        out.flush();
        try {
            Path folder = Files.createTempDirectory("sparktts-verify");
            Path events = folder.resolve("events.jsonl");
            Path log = folder.resolve("log.txt");
            try {
                LineTail tail = new LineTail(events, 0);
                for (int run = 0; run <= MAX_RESTARTS && !tally.complete && !tally.givenUp; run++) {
                    runOnce(
                            backend,
                            arguments(backend, device, choice, tally.next, events),
                            log,
                            tail,
                            tally,
                            out);
                }
            } finally {
                Files.deleteIfExists(events);
                Files.deleteIfExists(log);
                Files.deleteIfExists(folder);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(
                    "cannot write to the temporary folder: " + e.getMessage(), e);
        }
        if (!tally.complete) {
            out.println("  the remaining checks were not run");
        }
        out.println(
                "  "
                        + backend.name()
                        + ": "
                        + tally.passed
                        + " passed, "
                        + tally.unsupported
                        + " unsupported, "
                        + tally.failed
                        + " failed in "
                        + Duration.ofNanos(System.nanoTime() - start).toSeconds()
                        + " s");
        out.flush();
        return tally.failed;
    }

    private static List<String> arguments(
            Backend backend, DeviceInfo device, VerifyWorker.Choice choice, int from, Path events) {
        List<String> arguments =
                new ArrayList<>(List.of("verify", backend.name(), device.id(), events.toString()));
        arguments.add("--from=" + from);
        choice.dtypes().forEach(t -> arguments.add("--dtype=" + t.id()));
        if (choice.golden() != null) {
            arguments.add("--golden=" + choice.golden());
        }
        if (!choice.goldens()) {
            arguments.add("--no-golden");
        }
        arguments.add("--most-operations=" + choice.mostOperations());
        return arguments;
    }

    /** Runs the worker until it ends; a crash or a hang costs the check that was running. */
    private static void runOnce(
            Backend backend,
            List<String> arguments,
            Path log,
            LineTail tail,
            Tally tally,
            PrintWriter out) {
        try (BackendProcess process = BackendProcess.start(backend, log, arguments)) {
            long lastHeard = System.nanoTime();
            boolean ended = false;
            boolean hung = false;
            while (!ended) {
                ended = process.waitFor(Duration.ofMillis(200));
                List<String> lines = tail.next();
                for (String line : lines) {
                    take(JsonMapper.shared().readValue(line, VerifyEvent.class), tally, out);
                }
                lastHeard = lines.isEmpty() ? lastHeard : System.nanoTime();
                if (!ended && System.nanoTime() - lastHeard > SILENCE.toNanos()) {
                    hung = true;
                    process.end();
                }
            }
            if (!hung && process.exitCode() == UserError.OK) {
                tally.complete = true;
                return;
            }
            String why =
                    hung
                            ? "it did not end within " + SILENCE.toSeconds() + " s"
                            : process.obituary();
            String what =
                    tally.running.isEmpty() ? "after " + tally.next + " checks" : tally.running;
            out.println("  ERROR " + what + ": " + why);
            out.flush();
            tally.failed++;
            // Without a check to blame, another try would end the same way.
            tally.givenUp = tally.running.isEmpty();
            tally.next++;
            tally.running = "";
        }
    }

    private static void take(VerifyEvent event, Tally tally, PrintWriter out) {
        CaseStatus status = event.status();
        if (status == null) {
            tally.next = event.index();
            tally.running = event.name();
            return;
        }
        tally.next = event.index() + 1;
        tally.running = "";
        switch (status) {
            case PASSED -> tally.passed++;
            case UNSUPPORTED -> tally.unsupported++;
            default -> {
                tally.failed++;
                out.println("  " + event.text());
                out.flush();
            }
        }
        if ((event.index() + 1) % 200 == 0) {
            out.println("  " + (event.index() + 1) + " of " + event.total() + " checks done");
            out.flush();
        }
    }
}
