package io.sparktts.harness.bench;

import tools.jackson.databind.json.JsonMapper;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * What the processes of one backend are to measure, and where to. Written by the parent, read by
 * the process that runs JMH and by each of its forks.
 *
 * @param specs the rows
 * @param effort how long to measure each
 * @param jvmArguments of the forks
 * @param environmentId what rows refer to
 * @param results gets a row per spec
 * @param limits gets the limits measured beside the rows
 * @param jmhLog what JMH prints
 * @param jmhJson JMH's own results
 * @param deadlineEpochMillis a row that would end later is skipped; 0 for none
 */
public record RunPlan(
        List<BenchSpec> specs,
        Effort effort,
        List<String> jvmArguments,
        String environmentId,
        String results,
        String limits,
        String jmhLog,
        String jmhJson,
        long deadlineEpochMillis) {
    /** The system property that leads a fork to its plan. */
    static final String PROPERTY = "sparktts.plan";

    /** How long to measure a row. */
    public record Effort(
            int warmups,
            long warmupMillis,
            int rounds,
            long roundMillis,
            long limitMillis,
            long rowTimeoutMillis) {
        /** The preset's, with other rounds where {@code rounds} is positive. */
        public static Effort of(Preset p, int rounds) {
            return new Effort(
                    p.warmups(),
                    p.warmupTime().toMillis(),
                    rounds > 0 ? rounds : p.rounds(),
                    p.roundTime().toMillis(),
                    p.limitTime().toMillis(),
                    p.rowTimeout().toMillis());
        }

        /**
         * What is enough on a device that runs beside the host: nothing but the launch has to be
         * compiled, and its calls are short and steady. With this a row of a kernel takes about
         * three seconds, most of them the start of its process.
         */
        Effort besideHost() {
            return new Effort(
                    1,
                    Math.min(warmupMillis, 100),
                    rounds,
                    Math.min(roundMillis, 120),
                    Math.min(limitMillis, 50),
                    Math.min(rowTimeoutMillis, 120_000));
        }
    }

    public RunPlan {
        specs = List.copyOf(specs);
        jvmArguments = List.copyOf(jvmArguments);
    }

    /** The spec with this label. */
    BenchSpec spec(String label) {
        return specs.stream()
                .filter(s -> s.label().equals(label))
                .findFirst()
                .orElseThrow(
                        () -> new IllegalArgumentException("no row '" + label + "' in the plan"));
    }

    void write(Path file) {
        try {
            Files.writeString(file, JsonMapper.shared().writeValueAsString(this));
        } catch (IOException e) {
            throw new UncheckedIOException(file + " cannot be written: " + e.getMessage(), e);
        }
    }

    static RunPlan read(Path file) {
        try {
            return JsonMapper.shared().readValue(Files.readString(file), RunPlan.class);
        } catch (IOException e) {
            throw new UncheckedIOException(file + " cannot be read: " + e.getMessage(), e);
        }
    }
}
