package io.sparktts.reports;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sparktts.reports.schema.ReportException;
import io.sparktts.reports.schema.ResultFile;
import io.sparktts.reports.schema.Row;
import io.sparktts.reports.schema.RowKey;
import io.sparktts.reports.schema.SpeechTimes;
import io.sparktts.reports.schema.SpeechTimes.Stage;
import io.sparktts.reports.schema.Timing;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

import javax.imageio.ImageIO;
import javax.xml.parsers.DocumentBuilderFactory;

class ReportTest {

    private static Path input(Path folder) {
        Path file = folder.resolve("run.jsonl");
        ResultFile.append(file, Samples.lines(Samples.MACHINE));
        return file;
    }

    private static List<Path> files(Path folder, String ending) throws IOException {
        try (Stream<Path> entries = Files.list(folder)) {
            return entries.filter(file -> file.toString().endsWith(ending)).toList();
        }
    }

    @Test
    void writesTablesChartsAndTheRawRows(@TempDir Path folder) throws Exception {
        Path input = input(folder);
        Path out = folder.resolve("report");
        Report.Written written = Report.write(List.of(input), out, ReportOptions.defaults());

        assertEquals(List.of(), written.warnings());
        assertEquals(ResultFile.read(input), ResultFile.read(out.resolve("results.jsonl")));
        assertFalse(files(out.resolve("tables"), ".csv").isEmpty());
        List<Path> charts = files(out.resolve("charts"), ".png");
        assertTrue(charts.size() >= 8, charts::toString);
        for (Path chart : charts) {
            BufferedImage image = ImageIO.read(chart.toFile());
            assertNotNull(image, chart::toString);
            assertEquals(1800, image.getWidth());
        }
        DocumentBuilderFactory xml = DocumentBuilderFactory.newInstance();
        xml.setFeature("http://apache.org/xml/features/nonvalidating/load-external-dtd", false);
        List<Path> drawings = files(out.resolve("charts"), ".svg");
        assertEquals(charts.size(), drawings.size());
        for (Path drawing : drawings) {
            String root =
                    xml.newDocumentBuilder()
                            .parse(drawing.toFile())
                            .getDocumentElement()
                            .getTagName();
            assertEquals("svg", root);
        }
        String markdown = Files.readString(out.resolve("report.md"));
        assertTrue(markdown.contains("charts/rmsnorm-speedup.png"), markdown);
        assertTrue(markdown.contains("3 outputs are NaN \\| first"), markdown);
        assertTrue(markdown.contains("naive+rmsNorm=fused"), markdown);
        String html = Files.readString(out.resolve("report.html"));
        assertTrue(html.contains("no &lt;bf16&gt; attention here"));
        assertTrue(html.contains("data:image/svg+xml;base64,"));
        assertFalse(html.contains("http"), "the page needs nothing from elsewhere");
    }

    @Test
    void showsTheFirstSecondOfSpeech(@TempDir Path folder) throws Exception {
        Timing time = Timing.of(new long[] {2_000_000});
        SpeechTimes speech =
                new SpeechTimes(
                        60,
                        150,
                        3,
                        time,
                        time,
                        time,
                        time,
                        0.25,
                        7,
                        List.of(
                                new Stage(Stage.PREFILL, 0, 10),
                                new Stage(Stage.TOKENS, 10, 400),
                                new Stage(Stage.CODEC, 400, 450),
                                new Stage(Stage.TOKENS, 450, 1500),
                                new Stage(Stage.CODEC, 1500, 1600)));
        RowKey key =
                new RowKey(
                        "speech", "gpu", "g", "fused", "bf16", 1, 150, "60+150 fast", "invented");
        Row row = Row.builder(Samples.MACHINE.id(), key).wallTime(time).speech(speech).build();
        ChartData.Timeline timeline = new ChartData(Map.of()).timeline(List.of(row));
        assertNotNull(timeline);
        assertEquals(List.of(400.0 + 50), timeline.firstAudioMillis());
        assertEquals(1000, timeline.endMillis());
        assertEquals(
                List.of(new ChartData.Span(0, 10, 400), new ChartData.Span(0, 450, 1000)),
                timeline.stages().get(Stage.TOKENS));
        assertEquals(List.of(new ChartData.Span(0, 400, 450)), timeline.stages().get(Stage.CODEC));

        Path file = folder.resolve("speech.jsonl");
        ResultFile.append(file, Samples.MACHINE);
        ResultFile.append(file, row);
        Path out = folder.resolve("report");
        Report.write(List.of(file), out, ReportOptions.defaults());
        List<String> table = Files.readAllLines(out.resolve("tables/speech-stages.csv"));
        assertEquals(2, table.size());
        assertTrue(table.get(1).contains("60+150 fast"), table.get(1));
        assertNotNull(ImageIO.read(out.resolve("charts/speech-timeline.png").toFile()));
        assertTrue(
                Files.readString(out.resolve("report.md")).contains("charts/speech-timeline.png"));
    }

    @Test
    void reportsTwoMachinesTogether(@TempDir Path folder) throws Exception {
        Path first = input(folder);
        Path second = folder.resolve("second.jsonl");
        ResultFile.append(second, Samples.lines(Samples.OTHER_MACHINE));
        Path out = folder.resolve("report");
        Report.write(List.of(first, second), out, ReportOptions.defaults());
        String markdown = Files.readString(out.resolve("report.md"));
        assertTrue(markdown.contains("Machine A"));
        assertTrue(markdown.contains("Machine B"));
    }

    @Test
    void refusesAFolderThatHoldsSomething(@TempDir Path folder) {
        Path input = input(folder);
        ReportException e =
                assertThrows(
                        ReportException.class,
                        () -> Report.write(List.of(input), folder, ReportOptions.defaults()));
        assertTrue(String.valueOf(e.getMessage()).contains("not empty"));
    }

    @Test
    void refusesInputsWithoutRows(@TempDir Path folder) {
        Path file = folder.resolve("empty.jsonl");
        ResultFile.append(file, Samples.MACHINE);
        assertThrows(
                ReportException.class,
                () -> Report.write(List.of(file), folder.resolve("out"), ReportOptions.defaults()));
        assertFalse(Files.exists(folder.resolve("out")));
    }

    @Test
    void aMachineWithoutFontsGetsTheRemedy() {
        List<Throwable> failures =
                List.of(
                        new NullPointerException(),
                        new InternalError("no fonts"),
                        new UnsatisfiedLinkError("libfreetype"));
        for (Throwable failure : failures) {
            ReportException e =
                    assertThrows(
                            ReportException.class,
                            () ->
                                    FontCheck.require(
                                            () -> ReportTest.<RuntimeException>sneak(failure)));
            assertEquals(FontCheck.REMEDY, e.getMessage());
        }
    }

    @SuppressWarnings("unchecked") // lets a lambda throw whatever AWT throws
    private static <E extends Throwable> void sneak(Throwable failure) throws E {
        throw (E) failure;
    }

    @Test
    void escapesMarkup() {
        assertEquals(
                "&lt;img src=&quot;x&quot;&gt; &amp; &#39;y&#39;",
                HtmlWriter.escape("<img src=\"x\"> & 'y'"));
        assertEquals("a \\| b &lt;c> NON_FINITE", MarkdownWriter.escape("a | b\n<c> NON_FINITE"));
    }
}
