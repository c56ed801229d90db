package io.sparktts.reports;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sparktts.reports.schema.Environment;
import io.sparktts.reports.schema.ReportException;
import io.sparktts.reports.schema.ResultFile;
import io.sparktts.reports.schema.Row;
import io.sparktts.reports.schema.RowKey;
import io.sparktts.reports.schema.Status;
import io.sparktts.reports.schema.Timing;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

import tech.tablesaw.api.Table;

import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

class SpeedupTableTest {
    private static final Map<String, String> MACHINES = Map.of(Samples.MACHINE.id(), "A");
    private static final String SHAPE = "1x512x896";

    private static List<Comparison> compare(Row... rows) {
        ResultFile results = new ResultFile(List.of(Samples.MACHINE), List.of(rows), false);
        return Comparisons.of(results, Baseline.parse("naive"));
    }

    private static Row row(String backend, String variant, double millis) {
        return Samples.row(
                Samples.MACHINE, Samples.key("rmsnorm", backend, variant, "f32", SHAPE), millis);
    }

    private static Comparison find(List<Comparison> lines, Predicate<Row> which) {
        return lines.stream().filter(line -> which.test(line.row())).findFirst().orElseThrow();
    }

    @Test
    void comparesWithTheBackendsOwnBaselineAndWithTheBest() {
        List<Comparison> lines =
                compare(
                        row("gpu", "naive", 6),
                        row("gpu", "fused", 2),
                        row("vector", "naive", 80),
                        row("vector", "fused", 20));
        assertEquals(2, lines.size(), "the baselines stand beside their candidates");
        Comparison fused = find(lines, row -> row.backend().equals("vector"));
        assertEquals(4.0, assertNotNullValue(fused.speedup()), 1e-9);
        assertEquals(0.1, assertNotNullValue(fused.versusBest()), 1e-9);
        assertEquals("device", fused.clock());
        assertEquals(0.83, fused.published().getFirst().speedup());
    }

    private static double assertNotNullValue(@Nullable Double value) {
        assertNotNull(value);
        return value;
    }

    @Test
    void aNamedBackendServesAllOthers() {
        ResultFile results =
                new ResultFile(
                        List.of(Samples.MACHINE),
                        List.of(
                                row("gpu", "cublasLt", 1),
                                row("gpu", "fused", 2),
                                row("vector", "fused", 20)),
                        false);
        List<Comparison> lines = Comparisons.of(results, Baseline.parse("gpu:cublasLt"));
        Comparison vector = find(lines, row -> row.backend().equals("vector"));
        assertEquals(0.05, assertNotNullValue(vector.speedup()), 1e-9);
        assertThrows(ReportException.class, () -> Baseline.parse("gpu:"));
    }

    @Test
    void neverMixesTwoClocks() {
        Row wallOnly =
                Row.builder(
                                Samples.MACHINE.id(),
                                Samples.key("rmsnorm", "gpu", "naive", "f32", SHAPE))
                        .wallTime(Timing.of(new long[] {10_000_000}))
                        .build();
        Comparison line = find(compare(wallOnly, row("gpu", "fused", 2)), row -> true);
        assertEquals("wall", line.clock());
        assertEquals(10 / 2.008, assertNotNullValue(line.speedup()), 1e-9);
    }

    @Test
    void aPeerIsAnotherToolOnTheSameDevice() {
        Environment tool =
                Environment.builder("pytorch")
                        .host(Samples.MACHINE.host())
                        .cpuModel(Samples.MACHINE.cpuModel())
                        .cores(2)
                        .gpu(Samples.MACHINE.gpu())
                        .build();
        RowKey key = Samples.key("rmsnorm", "gpu", "compile", "f32", SHAPE);
        Row peer = Samples.row(tool, withDevice(key, key.device() + " #0"), 4);
        Row elsewhere = Samples.row(tool, withDevice(key, "cpu"), 1);
        ResultFile results =
                new ResultFile(
                        List.of(Samples.MACHINE, tool),
                        List.of(row("gpu", "naive", 6), row("gpu", "fused", 2), peer, elsewhere),
                        false);
        List<Comparison> lines = Comparisons.of(results, Baseline.parse("naive"));
        Comparison fused = find(lines, row -> row.variant().equals("fused"));
        assertEquals(peer, fused.peer());
        assertEquals(2.0, assertNotNullValue(fused.versusPeer()), 1e-9);
        assertNull(find(lines, row -> row.equals(peer)).versusPeer());
    }

    private static RowKey withDevice(RowKey k, String device) {
        return new RowKey(
                k.benchmark(),
                "pytorch",
                device,
                k.variant(),
                k.dtype(),
                k.batch(),
                k.sequenceLength(),
                k.shape(),
                k.model());
    }

    @Test
    void neverComparesTwoMachines() {
        Row other =
                Samples.row(
                        Samples.OTHER_MACHINE,
                        Samples.key("rmsnorm", "gpu", "fused", "f32", SHAPE),
                        1);
        ResultFile results =
                new ResultFile(
                        List.of(Samples.MACHINE, Samples.OTHER_MACHINE),
                        List.of(row("gpu", "naive", 6), other),
                        false);
        List<Comparison> lines = Comparisons.of(results, Baseline.parse("naive"));
        assertNull(find(lines, row -> row.variant().equals("fused")).speedup());
    }

    /** The samples' wall clock is 8 us beyond the device's. */
    @Test
    void theCostOfALaunchIsAColumn() {
        Table table =
                SpeedupTable.of(
                        "t", compare(row("gpu", "naive", 6), row("gpu", "fused", 2)), MACHINES);
        assertEquals("0.00800", Format.cell(table.column(Columns.LAUNCH_MILLIS), 0));
    }

    @Test
    void nonFiniteOutputStaysVisible() {
        Row broken =
                Row.builder(
                                Samples.MACHINE.id(),
                                Samples.key("rmsnorm", "gpu", "fused", "f32", SHAPE))
                        .failed(Status.NON_FINITE, "7 outputs are NaN")
                        .maxAbsDiff(Double.NaN)
                        .nonFinite(7)
                        .build();
        Table table =
                SpeedupTable.printed(
                        SpeedupTable.of("t", compare(row("gpu", "naive", 6), broken), MACHINES));
        assertEquals("7", Format.cell(table.column(Columns.NON_FINITE), 0));
        assertEquals("NON_FINITE", Format.cell(table.column(Columns.STATUS), 0));
        Table full = SpeedupTable.of("t", compare(row("gpu", "naive", 6), broken), MACHINES);
        assertEquals("-", Format.cell(full.column(Columns.VARIANT_DIFFERENCE), 0));
        assertEquals("-", Format.cell(full.column(Columns.SPEEDUP), 0));
        assertEquals("6.00", Format.cell(full.column(Columns.BASELINE_MILLIS), 0));
    }

    @Test
    void meansAreGeometric() {
        assertEquals(1.0, GeometricMean.of(List.of(4.0, 0.25)), 1e-12);
        assertThrows(IllegalArgumentException.class, () -> GeometricMean.of(List.of(0.0)));
        Row naive =
                Samples.row(Samples.MACHINE, Samples.key("mlp", "gpu", "naive", "f32", "1x1x8"), 8);
        Row fused =
                Samples.row(Samples.MACHINE, Samples.key("mlp", "gpu", "fused", "f32", "1x1x8"), 1);
        Row naive2 =
                Samples.row(Samples.MACHINE, Samples.key("mlp", "gpu", "naive", "f32", "1x2x8"), 2);
        Row fused2 =
                Samples.row(Samples.MACHINE, Samples.key("mlp", "gpu", "fused", "f32", "1x2x8"), 1);
        Table means = SpeedupTable.means("m", compare(naive, fused, naive2, fused2), MACHINES);
        assertEquals(1, means.rowCount());
        assertEquals(4.0, means.doubleColumn(Columns.MEAN_SPEEDUP).getDouble(0), 1e-9);
    }

    @Test
    void theOptimisedRowIsTheFastestThatIsNoAblation() {
        List<Comparison> optimised =
                Comparisons.optimised(
                        compare(
                                row("gpu", "naive", 6),
                                row("gpu", "naive+rmsNorm=fused", 1),
                                row("gpu", "fused", 3),
                                row("gpu", "own", 2)));
        assertEquals(1, optimised.size());
        assertEquals("own", optimised.getFirst().row().variant());
    }

    @Test
    void numbersPrintShort() {
        assertEquals("0.0123", Format.significant(0.01234));
        assertEquals("123", Format.significant(123.4));
        assertEquals("1.74x", Format.ratio(1.7424));
        assertTrue(Format.difference(1.43e-6).startsWith("1.43e-06"));
    }
}
