package io.sparktts.harness.bench;

import io.sparktts.reports.schema.ResultFile;
import io.sparktts.reports.schema.Row;
import io.sparktts.reports.schema.Status;

import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.format.ResultFormatType;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

/**
 * One JMH run of a plan, in a process with the environment that the backend asks for; the forks
 * inherit it.
 */
public final class JmhRun {
    private JmhRun() {}

    /** Where a fork writes which row it runs. */
    static Path current(Path plan) {
        return Path.of(plan + ".current");
    }

    /** Runs the plan; each fork writes its own row. */
    public static void run(Path planFile) {
        RunPlan plan = RunPlan.read(planFile);
        RunPlan.Effort effort = plan.effort();
        // Its lock is one for all users of a machine, and what it guards against is not ours to
        // forbid.
        System.setProperty("jmh.ignoreLock", "true");
        List<String> jvmArguments = new ArrayList<>(plan.jvmArguments());
        jvmArguments.add("-D" + RunPlan.PROPERTY + "=" + planFile.toAbsolutePath());
        OptionsBuilder options = new OptionsBuilder();
        options.include("^" + Pattern.quote(CallBenchmark.class.getName() + ".call") + "$")
                .param("spec", plan.specs().stream().map(BenchSpec::label).toArray(String[]::new))
                .forks(1)
                .threads(1)
                .warmupIterations(effort.warmups())
                .warmupTime(TimeValue.milliseconds(effort.warmupMillis()))
                .measurementIterations(effort.rounds())
                .measurementTime(TimeValue.milliseconds(effort.roundMillis()))
                .timeout(new TimeValue(effort.rowTimeoutMillis(), TimeUnit.MILLISECONDS))
                .jvmArgs(jvmArguments.toArray(String[]::new))
                .addProfiler(GCProfiler.class)
                .shouldFailOnError(false)
                .output(plan.jmhLog())
                .resultFormat(ResultFormatType.JSON)
                .result(plan.jmhJson());
        Thread watchdog =
                Thread.ofPlatform()
                        .daemon(true)
                        .name("row-timeout")
                        .start(() -> watch(plan, planFile));
        try {
            new Runner(options.build()).run();
        } catch (RunnerException e) {
            throw new IllegalStateException("JMH: " + e.getMessage(), e);
        } finally {
            watchdog.interrupt();
        }
    }

    /** Ends forks that take too long and writes their rows; JMH goes on with the next. */
    private static void watch(RunPlan plan, Path planFile) {
        Duration limit = Duration.ofMillis(plan.effort().rowTimeoutMillis());
        while (!Thread.currentThread().isInterrupted()) {
            Instant latest = Instant.now().minus(limit);
            for (ProcessHandle fork : ProcessHandle.current().children().toList()) {
                if (fork.info().startInstant().map(latest::isAfter).orElse(false)) {
                    fork.destroyForcibly();
                    fork.onExit().join();
                    writeTimeout(plan, planFile, limit);
                }
            }
            try {
                Thread.sleep(500);
            } catch (InterruptedException e) {
                return;
            }
        }
    }

    private static void writeTimeout(RunPlan plan, Path planFile, Duration limit) {
        try {
            BenchSpec spec = plan.spec(Files.readString(current(planFile)));
            String why = "it did not end within " + limit.toSeconds() + " s";
            Row row =
                    Row.builder(plan.environmentId(), spec.key())
                            .failed(Status.TIMEOUT, why)
                            .build();
            ResultFile.append(Path.of(plan.results()), row);
        } catch (IOException e) {
            throw new UncheckedIOException("the row that hung is unknown: " + e.getMessage(), e);
        }
    }
}
