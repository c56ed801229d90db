package io.sparktts.reports.schema;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.Set;

class ResultFileTest {
    private static final Environment HERE =
            Environment.builder("sparktts")
                    .date("2026-01-02T03:04:05Z")
                    .cpuModel("Invented CPU")
                    .cores(8)
                    .backendVersions(Map.of("gpu", "1.2"))
                    .limits(List.of(new Limit("gpu", "read", "f32", 100, Limit.GB_PER_SECOND)))
                    .commandLine(List.of("bench", "--quick"))
                    .notes(List.of("quick: 3 samples"))
                    .seeds(Map.of("inputs", 1L << 60))
                    .build();
    private static final RowKey KEY =
            new RowKey("rmsnorm", "gpu", "gpu 0", "fused", "bf16", 1, 512, "1x512x896", null);

    private static Row passed(String environmentId, RowKey key, long nanos) {
        return Row.builder(environmentId, key)
                .maxAbsDiff(1e-3)
                .wallTime(Timing.of(new long[] {nanos}))
                .bytesPerCall(2_000L)
                .rates()
                .shareOf("read", 37.5)
                .build();
    }

    @Test
    void readsBackWhatItWrote(@TempDir Path folder) {
        Path file = folder.resolve("new/results.jsonl");
        Row row = passed(HERE.id(), KEY, 1000);
        Row broken =
                Row.builder(
                                HERE.id(),
                                new RowKey("mlp", "gpu", "g", "naive", "f16", 1, 2, "1x2", "m"))
                        .failed(Status.NON_FINITE, "NaN")
                        .maxAbsDiff(Double.NaN)
                        .errorInTolerance(Double.POSITIVE_INFINITY)
                        .nonFinite(4)
                        .build();
        ResultFile.append(file, HERE);
        ResultFile.append(file, List.of(row, broken));
        ResultFile read = ResultFile.read(file);
        assertEquals(new ResultFile(List.of(HERE), List.of(row, broken), false), read);
        assertEquals(2.0, row.gbPerSecond());
        assertEquals(37.5, row.percentOfLimit());
        assertEquals(HERE, read.environmentOf(row));
    }

    @Test
    void keepsTheStagesOfSpeechAndReadsRowsFromBefore(@TempDir Path folder) throws IOException {
        Timing time = Timing.of(new long[] {5});
        SpeechTimes speech =
                new SpeechTimes(
                        60,
                        150,
                        3,
                        time,
                        time,
                        time,
                        time,
                        0.5,
                        2,
                        List.of(new SpeechTimes.Stage(SpeechTimes.Stage.PREFILL, 0, 1)));
        Row spoken = Row.builder(HERE.id(), KEY).wallTime(time).speech(speech).build();
        Path file = folder.resolve("results.jsonl");
        ResultFile.append(file, HERE);
        ResultFile.append(file, spoken);
        assertEquals(speech, ResultFile.read(file).rows().getFirst().speech());
        Row failed =
                Row.builder(HERE.id(), KEY).speech(speech).failed(Status.INCORRECT, "x").build();
        assertNull(failed.speech());

        String before =
                ResultFile.toJson(passed(HERE.id(), KEY, 1000)).replaceAll(",\"speech\":null", "");
        assertFalse(before.contains("speech"), before);
        Files.writeString(file, ResultFile.toJson(HERE) + "\n" + before + "\n");
        assertEquals(List.of(passed(HERE.id(), KEY, 1000)), ResultFile.read(file).rows());
    }

    @Test
    void leavesACutOffLastLineOutAndWritesOverIt(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("results.jsonl");
        ResultFile.append(file, HERE);
        ResultFile.append(file, passed(HERE.id(), KEY, 1000));
        String whole = Files.readString(file);
        Files.writeString(file, whole.substring(0, whole.length() - 9));
        ResultFile cut = ResultFile.read(file);
        assertTrue(cut.truncated());
        assertEquals(List.of(), cut.rows());

        ResultFile.append(file, passed(HERE.id(), KEY, 2000));
        ResultFile mended = ResultFile.read(file);
        assertFalse(mended.truncated());
        assertEquals(2000, mended.rows().getFirst().wallTime().medianNanos());
    }

    @Test
    void keepsALastLineThatLacksOnlyItsLineEnd(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("results.jsonl");
        Files.writeString(file, ResultFile.toJson(HERE));
        ResultFile.append(file, passed(HERE.id(), KEY, 1000));
        assertEquals(List.of(HERE), ResultFile.read(file).environments());
    }

    @Test
    void namesTheFileAndLineOfAnyOtherBadLine(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("results.jsonl");
        ResultFile.append(file, HERE);
        for (String bad :
                List.of("{\"type\":\"row\"", "{\"type\":\"column\"}", "{\"type\":\"row\"}")) {
            Files.writeString(file, ResultFile.toJson(HERE) + "\n" + bad + "\n");
            Files.writeString(file, ResultFile.toJson(HERE) + "\n", StandardOpenOption.APPEND);
            ReportException e = assertThrows(ReportException.class, () -> ResultFile.read(file));
            String message = String.valueOf(e.getMessage());
            assertTrue(message.startsWith(file + ":2: "), message);
            assertEquals(1, message.lines().count(), message);
        }
        assertThrows(ReportException.class, () -> ResultFile.read(folder.resolve("absent")));
    }

    @Test
    void aRowThatDidNotPassHasNoSpeed() {
        Row row =
                Row.builder(HERE.id(), KEY)
                        .wallTime(Timing.of(new long[] {5}))
                        .deviceTime(Timing.of(new long[] {4}))
                        .bytesPerCall(10L)
                        .flopsPerCall(10.0)
                        .rates()
                        .tokensPerSecond(5.0)
                        .coldStartMillis(1.0)
                        .failed(Status.INCORRECT, "error 3.0 times the tolerance")
                        .maxAbsDiff(0.5)
                        .build();
        assertNull(row.time());
        assertNull(row.gbPerSecond());
        assertNull(row.tflopPerSecond());
        assertNull(row.tokensPerSecond());
        assertNull(row.coldStartMillis());
        assertEquals(0.5, row.maxAbsDiff());
        assertEquals("-", row.clock());
    }

    @Test
    void aResumedRunSkipsWhatIsSettled(@TempDir Path folder) {
        Path file = folder.resolve("results.jsonl");
        RowKey other = new RowKey("mlp", "gpu", "gpu 0", "fused", "bf16", 1, 512, "1x512", null);
        ResultFile.append(file, HERE);
        ResultFile.append(file, passed(HERE.id(), KEY, 1000));
        ResultFile.append(
                file, Row.builder(HERE.id(), other).failed(Status.TIMEOUT, "60 s").build());
        ResultFile read = ResultFile.read(file);
        assertEquals(Set.of(KEY), read.settledKeys(HERE.id()));
        assertEquals(Set.of(), read.settledKeys("another"));

        Environment resumed = HERE.toBuilder().date("2026-02-02T00:00:00Z").build();
        assertEquals(HERE.id(), resumed.id(), "a resumed run goes on under the same id");
        ResultFile.append(file, passed(HERE.id(), other, 7));
        assertEquals(Set.of(KEY, other), ResultFile.read(file).settledKeys(HERE.id()));
    }

    @Test
    void mergesMachinesAndLetsTheLastRowWin() {
        Environment there = HERE.toBuilder().cpuModel("Another CPU").build();
        assertNotEquals(HERE.id(), there.id());
        assertFalse(HERE.comparableTo(there));
        assertTrue(
                HERE.comparableTo(
                        Environment.builder("pytorch").cpuModel("Invented CPU").cores(8).build()));
        Row older = passed(HERE.id(), KEY, 1000);
        Row newer = passed(HERE.id(), KEY, 900);
        Row elsewhere = passed(there.id(), KEY, 500);
        Environment noted = HERE.toBuilder().notes(List.of("resumed")).build();
        ResultFile merged =
                ResultFile.merge(
                        List.of(
                                new ResultFile(List.of(HERE), List.of(older), true),
                                new ResultFile(List.of(there), List.of(elsewhere), false),
                                new ResultFile(List.of(noted), List.of(newer), false)));
        assertEquals(List.of(newer, elsewhere), merged.rows());
        assertEquals(2, merged.environments().size());
        assertEquals(
                List.of("quick: 3 samples", "resumed"), merged.environments().getFirst().notes());
        assertTrue(merged.truncated());
    }

    @Test
    void anotherToolsIdSurvivesASecondRecord(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("peer.jsonl");
        String environment = ResultFile.toJson(HERE).replace(HERE.id(), "hashed-elsewhere");
        String row = ResultFile.toJson(passed("hashed-elsewhere", KEY, 1000));
        Files.writeString(file, String.join("\n", environment, row, environment, ""));
        ResultFile read = ResultFile.read(file);
        assertEquals("hashed-elsewhere", read.environmentOf(read.rows().getFirst()).id());
    }

    @Test
    void quartilesInterpolate() {
        Timing timing = Timing.of(new long[] {40, 10, 20, 30});
        assertEquals(25, timing.medianNanos());
        assertEquals(17.5, timing.p25Nanos());
        assertEquals(32.5, timing.p75Nanos());
        assertEquals(10, timing.minNanos());
        assertEquals(List.of(40L, 10L, 20L, 30L), timing.samplesNanos());
        assertThrows(IllegalArgumentException.class, () -> Timing.of(new long[0]));
    }

    @Test
    void publishedNumbersMeetTheirConfigurationsOnly() {
        List<PublishedResult> seed = PublishedResult.seed();
        assertEquals(39, seed.size());
        Row kernel = passed(HERE.id(), KEY, 1000);
        List<PublishedResult> matching = seed.stream().filter(p -> p.matches(kernel)).toList();
        assertEquals(1, matching.size());
        assertEquals(2.56, matching.getFirst().speedup());
        RowKey pass =
                new RowKey(
                        "forward", "gpu", "g", "fused", "bf16", 1, 1000, "1x1000", "tiny-random");
        assertTrue(seed.stream().noneMatch(p -> p.matches(passed(HERE.id(), pass, 1))));
        RowKey full =
                new RowKey("forward", "gpu", "g", "fused", "BF16", 1, 1000, "1x1000", "Qwen2-0.5b");
        assertEquals(3, seed.stream().filter(p -> p.matches(passed(HERE.id(), full, 1))).count());
    }
}
