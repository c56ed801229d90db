package io.sparktts.harness;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sparktts.backend.DType;
import io.sparktts.harness.bench.BenchKind;
import io.sparktts.harness.bench.Models;
import io.sparktts.harness.bench.Preset;
import io.sparktts.reports.Report;
import io.sparktts.reports.ReportOptions;
import io.sparktts.reports.schema.Environment;
import io.sparktts.reports.schema.ResultFile;
import io.sparktts.reports.schema.Row;
import io.sparktts.reports.schema.RowKey;
import io.sparktts.reports.schema.Status;
import io.sparktts.reports.schema.Timing;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;

/** Results as {@code src/main/python/peers} writes them, of invented numbers. */
class PeersTest {
    private static Path sample() throws URISyntaxException {
        return Path.of(
                Objects.requireNonNull(PeersTest.class.getResource("/peers/pytorch-sample.jsonl"))
                        .toURI());
    }

    private static Row row(ResultFile file, String benchmark, String variant) {
        return file.rows().stream()
                .filter(r -> r.benchmark().equals(benchmark) && r.variant().equals(variant))
                .findFirst()
                .orElseThrow();
    }

    private static String configuration(Row r) {
        return String.join(" ", r.benchmark(), "" + r.batch(), "" + r.sequenceLength(), r.shape());
    }

    @Test
    void isReadAsWritten() throws URISyntaxException {
        ResultFile file = ResultFile.read(sample());
        assertFalse(file.truncated());
        assertEquals("pytorch", file.environments().getFirst().tool());
        Row eager = row(file, "rmsnorm", "eager");
        assertTrue(eager.passed());
        assertEquals(18_000, Objects.requireNonNull(eager.deviceTime()).medianNanos());
        assertEquals(20_500, Objects.requireNonNull(eager.coldDeviceTime()).medianNanos());
        assertEquals(1980, eager.clockBeforeMegahertz());
        assertEquals(0, eager.throttledSamples());
        assertEquals(Status.ERROR, row(file, "attention", "sdpa-cudnn").status());
        Row generate = row(file, "decode", "generate");
        assertNull(generate.deviceTime());
        assertEquals(1e3 / 58, Objects.requireNonNull(generate.tokensPerSecond()), 1e-9);
    }

    @Test
    void configurationsAreThoseOfTheFullGrid() throws URISyntaxException {
        Set<String> ours = new LinkedHashSet<>();
        for (Preset.Part part : Preset.FULL.parts()) {
            BenchKind kind = part.kind();
            for (Preset.Shape s : part.shapes()) {
                String shape = kind.shape(s.batch(), s.sequence(), Models.config("0.5b"));
                ours.add(String.join(" ", kind.id(), "" + s.batch(), "" + s.sequence(), shape));
            }
        }
        for (Row r : ResultFile.read(sample()).rows()) {
            assertTrue(ours.contains(configuration(r)), configuration(r));
            if (!r.dtype().equals("tf32")) {
                assertNotNull(DType.parse(r.dtype()));
            }
        }
    }

    @Test
    void reportComparesWithTheBestPeer(@TempDir Path folder) throws Exception {
        ResultFile peers = ResultFile.read(sample());
        Environment theirs = peers.environments().getFirst();
        Environment ours =
                Environment.builder("sparktts")
                        .host(theirs.host())
                        .cpuModel(theirs.cpuModel())
                        .cores(4)
                        .gpu(theirs.gpu())
                        .gitRevision("0123abc")
                        .build();
        Path file = folder.resolve("ours.jsonl");
        ResultFile.append(file, ours);
        for (Row r : List.of(row(peers, "rmsnorm", "eager"), row(peers, "decode", "generate"))) {
            for (String variant : List.of("naive", "fused")) {
                long nanos = variant.equals("naive") ? 8_000 : 1_000;
                RowKey key =
                        new RowKey(
                                r.benchmark(),
                                "gpu",
                                "Invented GPU #0",
                                variant,
                                r.dtype(),
                                r.batch(),
                                r.sequenceLength(),
                                r.shape(),
                                r.model());
                ResultFile.append(
                        file,
                        Row.builder(ours.id(), key)
                                .wallTime(Timing.of(new long[] {10 * nanos}))
                                .deviceTime(Timing.of(new long[] {nanos}))
                                .coldDeviceTime(Timing.of(new long[] {3 * nanos}))
                                .build());
            }
        }
        Path out = folder.resolve("report");
        Report.write(List.of(file, sample()), out, ReportOptions.defaults());
        String csv = Files.readString(out.resolve("tables/rmsnorm.csv"));
        List<String> names = List.of(csv.lines().findFirst().orElseThrow().split(",", -1));
        List<String> fused =
                csv.lines()
                        .map(line -> List.of(line.split(",", -1)))
                        .filter(cells -> cells.contains("gpu") && cells.contains("fused"))
                        .findFirst()
                        .orElseThrow();
        assertEquals("pytorch:compile", fused.get(names.indexOf("best peer")));
        assertEquals(
                2.0, Double.parseDouble(fused.get(names.indexOf("speedup vs best peer"))), 1e-9);
        assertEquals(0.003, Double.parseDouble(fused.get(names.indexOf("cold caches ms"))), 1e-9);
        String markdown = Files.readString(out.resolve("report.md"));
        // rmsnorm 2x on the device's clock, decode 5800x on the wall's
        assertTrue(markdown.contains("108x against the best peer (geometric mean of 2"), markdown);
        assertTrue(markdown.contains("8.00x against baseline \"naive\""), markdown);
    }
}
