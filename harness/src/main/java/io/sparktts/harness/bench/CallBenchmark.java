package io.sparktts.harness.bench;

import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.infra.IterationParams;
import org.openjdk.jmh.runner.IterationType;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.TimeUnit;

/** The one JMH benchmark: a call of whatever the row names. JMH forks a JVM per row. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class CallBenchmark {
    /** The row under measurement. */
    @State(Scope.Benchmark)
    public static class RowState {
        /** {@link BenchSpec#label} of a row of the plan. */
        @Param("")
        public String spec = "";

        private @Nullable RowMeasurement measurement;

        /** Opens the device, checks the result, measures limits. */
        @Setup(Level.Trial)
        public void begin() {
            Path plan = Path.of(Objects.requireNonNull(System.getProperty(RunPlan.PROPERTY)));
            try {
                Files.writeString(JmhRun.current(plan), spec);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            RunPlan read = RunPlan.read(plan);
            measurement = RowMeasurement.begin(read, read.spec(spec));
        }

        /** Notes whether the iteration counts. */
        @Setup(Level.Iteration)
        public void startIteration(IterationParams params) {
            measurement().startIteration(params.getType() == IterationType.MEASUREMENT);
        }

        /** Ends the iteration's count of allocations. */
        @TearDown(Level.Iteration)
        public void endIteration() {
            measurement().endIteration();
        }

        /** Writes the row. */
        @TearDown(Level.Trial)
        public void end() {
            try (RowMeasurement m = measurement()) {
                m.end();
            }
        }

        RowMeasurement measurement() {
            return Objects.requireNonNull(measurement);
        }
    }

    /** One call. */
    @Benchmark
    public void call(RowState row) {
        row.measurement().time();
    }
}
