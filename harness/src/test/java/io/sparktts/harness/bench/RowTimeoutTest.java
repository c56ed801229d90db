package io.sparktts.harness.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sparktts.backend.Backend;
import io.sparktts.backend.Backends;
import io.sparktts.backend.DType;
import io.sparktts.reports.schema.Environment;
import io.sparktts.reports.schema.Row;
import io.sparktts.reports.schema.Status;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

class RowTimeoutTest {
    private static final Backend REFERENCE = Backends.named("reference");

    /** Time for a JVM to start and a small row to end in, and far from enough for a large one. */
    private static final long LIMIT_MILLIS = 12_000;

    private static BenchSpec spec(BenchKind kind, int rows) {
        return new BenchSpec(
                kind,
                REFERENCE.name(),
                "cpu",
                "cpu",
                "oracle",
                DType.F32,
                1,
                rows,
                "1x" + rows,
                "0.5b",
                null,
                1,
                1,
                false,
                null,
                null);
    }

    @Test
    void aRowThatTakesTooLongIsEndedAndTheNextOneRuns(@TempDir Path folder) {
        // Its oracle takes minutes.
        BenchSpec endless = spec(BenchKind.MLP, 20_000);
        BenchSpec small = spec(BenchKind.RMS_NORM, 1);
        Environment environment = MachineRecord.of(List.of(), List.of(), List.of(), List.of());
        RunPlan.Effort effort = new RunPlan.Effort(1, 10, 1, 10, 10, LIMIT_MILLIS);
        StringWriter out = new StringWriter();
        List<Row> rows =
                new BenchRun(folder, environment, effort, 0, new PrintWriter(out))
                        .run(Map.of(REFERENCE, List.of(endless, small)));
        assertEquals(
                List.of(Status.TIMEOUT, Status.PASSED),
                rows.stream().map(Row::status).toList(),
                out.toString());
        assertEquals("it did not end within 12 s", rows.getFirst().message());
        assertTrue(out.toString().contains("TIMEOUT: it did not end within 12 s"), out.toString());
    }
}
