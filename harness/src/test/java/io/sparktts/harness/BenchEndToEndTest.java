package io.sparktts.harness;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sparktts.reports.schema.ResultFile;
import io.sparktts.reports.schema.Row;
import io.sparktts.reports.schema.SpeechTimes;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

class BenchEndToEndTest {
    private static CommandLineTest.Outcome bench(Path out, String... more) {
        List<String> arguments =
                java.util.stream.Stream.concat(
                                java.util.stream.Stream.of(
                                        "bench",
                                        "rmsnorm",
                                        "--seq",
                                        "16",
                                        "--batch",
                                        "1",
                                        "--rounds",
                                        "1",
                                        "--dtype",
                                        "f32",
                                        "--backend",
                                        "vector",
                                        "--out",
                                        out.toString()),
                                java.util.stream.Stream.of(more))
                        .toList();
        return CommandLineTest.run(arguments.toArray(String[]::new));
    }

    @Test
    void speaksInAllModes(@TempDir Path folder) throws IOException {
        Path out = folder.resolve("run");
        CommandLineTest.Outcome o =
                CommandLineTest.run(
                        "bench",
                        "speech",
                        "--model",
                        "tiny",
                        "--rounds",
                        "1",
                        "--dtype",
                        "f32",
                        "--variant",
                        "default",
                        "--backend",
                        "vector",
                        "--out",
                        out.toString());
        assertEquals(0, o.code(), o.out() + o.err());
        List<Row> rows = ResultFile.read(out.resolve("results.jsonl")).rows();
        assertEquals(
                List.of("60+150 fast", "60+150 exact", "60+150 fast audio-rows"),
                rows.stream().map(Row::shape).toList());
        for (Row row : rows) {
            SpeechTimes speech = row.speech();
            assertNotNull(speech, row.toString());
            assertEquals(60, speech.promptTokens());
            assertEquals(150, speech.newTokens());
            assertTrue(speech.audioSeconds() > 0, row.toString());
            assertEquals(SpeechTimes.Stage.PREFILL, speech.timeline().getFirst().name());
            assertEquals(SpeechTimes.Stage.CODEC, speech.timeline().getLast().name());
            assertNull(row.deviceTime());
            assertNull(row.percentOfLimit());
        }
        assertTrue(Files.exists(out.resolve("report/tables/speech-stages.csv")), o.out());
        assertTrue(Files.exists(out.resolve("report/charts/speech-timeline.png")), o.out());
    }

    @Test
    void measuresReportsAndResumes(@TempDir Path folder) throws IOException {
        Path out = folder.resolve("run");
        CommandLineTest.Outcome first = bench(out);
        assertEquals(0, first.code(), first.out() + first.err());
        assertTrue(Files.exists(out.resolve("report/report.html")), first.out());
        assertTrue(Files.size(out.resolve("jmh-vector.json")) > 0);
        assertFalse(Files.exists(out.resolve("plan-vector.json")));
        ResultFile results = ResultFile.read(out.resolve("results.jsonl"));
        assertEquals(List.of("naive", "fused"), results.rows().stream().map(Row::variant).toList());
        for (Row row : results.rows()) {
            assertTrue(row.passed(), row.toString());
            assertEquals("1x16x896", row.shape());
            assertNotNull(row.wallTime());
            assertNotNull(row.coldStartMillis());
            assertNotNull(row.percentOfLimit());
            Double allocated = row.allocatedBytesPerCall();
            assertTrue(allocated != null && allocated < 1000, "allocated per call: " + allocated);
        }
        assertFalse(results.environments().getFirst().limits().isEmpty());

        // A lost row is measured again, and no other.
        List<String> lines = Files.readAllLines(out.resolve("results.jsonl"));
        Files.write(
                out.resolve("results.jsonl"),
                lines.stream().filter(l -> !l.contains("\"variant\":\"fused\"")).toList());
        CommandLineTest.Outcome second = bench(out, "--resume", "--no-report");
        assertEquals(0, second.code(), second.out() + second.err());
        assertTrue(second.out().contains("[1/1] vector rmsnorm 1x16x896 f32 fused"), second.out());
        assertEquals(2, ResultFile.read(out.resolve("results.jsonl")).rows().size());
        assertFalse(Files.exists(out.resolve("report-2")));
    }
}
