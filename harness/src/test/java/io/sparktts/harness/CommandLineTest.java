package io.sparktts.harness;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import picocli.CommandLine;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;

class CommandLineTest {
    record Outcome(int code, String out, String err) {}

    static Outcome run(String... arguments) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        CommandLine line = Main.commandLine();
        line.setOut(new PrintWriter(out, true));
        line.setErr(new PrintWriter(err, true));
        int code = line.execute(arguments);
        return new Outcome(code, out.toString(), err.toString());
    }

    @Test
    void withoutArgumentsPrintsHelp() {
        Outcome o = run();
        assertEquals(0, o.code);
        assertTrue(o.out.contains("bench"), o.out);
        assertFalse(o.out.contains("worker"), o.out);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "bench --backend nonsense          | unknown backend 'nonsense'; valid:     |"
                        + " vector",
                "verify --backend nonsense         | unknown backend 'nonsense'; valid:     |"
                        + " reference",
                "verify --require nonsense         | unknown backend 'nonsense'; valid:     |"
                        + " reference",
                "bench --dtype f8                  | unknown dtype 'f8'; valid:             | bf16",
                "verify --dtype f8                 | unknown dtype 'f8'; valid:             | bf16",
                "bench nonsense                    | unknown benchmark 'nonsense'; valid:   |"
                        + " rmsnorm",
                "bench --preset nonsense           | unknown preset 'nonsense'; valid:      |"
                        + " quick, seed, full",
                "bench --model nonsense            | unknown model 'nonsense'; valid:       | tiny,"
                        + " 0.5b",
                "bench --baseline nonsense:naive   | unknown backend 'nonsense'; valid:     |"
                        + " vector",
                "bench --rounds 0                  | --rounds 0 is too few; valid:          | from"
                        + " 1 on",
                "bench --seq many                  | Invalid value for option '--seq'       | many",
                "bench --backend reference --batch 0          | 0 is no size; valid         | from"
                        + " 1 on",
                "bench --backend reference --seq 99999        | --seq 99999 is too long      | 1 to"
                        + " 32768",
                "bench --backend reference --device 7         | unknown device '7'; valid:  | cpu",
                "bench --backend reference --variant zip      | unknown variant 'zip'; valid: |"
                        + " oracle",
                "bench --backend reference --variant zip=zap  | unknown operation 'zip'; valid: |"
                        + " rmsNorm",
                "bench --backend reference --variant mlp=zap  | unknown variant 'zap' of mlp;"
                        + " valid: | oracle",
                "nonsense                          | 'nonsense'                             |"
                        + " bench",
                "bench --nonsense                  | --nonsense                             |"
                        + " --help",
                "verify --no-golden --golden DIR   | mutually exclusive                     | --golden",
                "verify --golden absent            | absent                                 | does"
                        + " not exist",
                "report absent.jsonl --out absent  | absent.jsonl                           | no"
                        + " such file",
            })
    void badInputIsOneLineAndExitCode2(String command, String says, String valid) {
        Outcome o = run(command.split(" "));
        assertEquals(2, o.code, o.err);
        assertEquals(1, o.err.lines().count(), o.err);
        assertTrue(o.err.contains(says), o.err);
        assertTrue(o.err.contains(valid), o.err);
    }

    @ParameterizedTest
    @CsvSource({
        "bench --backend tornado",
        "verify --backend tornado",
        "verify --backend reference --require tornado"
    })
    void namedBackendThatCannotRunGivesItsRemedyAndExitCode3(String command) {
        Outcome o = run(command.split(" "));
        assertEquals(3, o.code, o.err);
        assertEquals(1, o.err.lines().count(), o.err);
        assertTrue(o.err.contains("to use it: "), o.err);
    }

    @Test
    void existingFolderIsNotOverwritten(@TempDir Path folder) throws IOException {
        Files.writeString(folder.resolve("mine.txt"), "precious");
        Outcome o = run("bench", "--backend", "reference", "--out", folder.toString());
        assertEquals(2, o.code);
        assertTrue(o.err.contains("use --resume"), o.err);
        assertEquals("precious", Files.readString(folder.resolve("mine.txt")));
    }

    @Test
    void resumeNeedsARun(@TempDir Path folder) {
        Outcome o = run("bench", "--resume", "--out", folder.toString());
        assertEquals(2, o.code);
        assertTrue(o.err.contains("nothing to resume"), o.err);
    }

    @Test
    void listNamesBenchmarksAndPresets() {
        Outcome o = run("bench", "--list");
        assertEquals(0, o.code);
        assertTrue(o.out.contains("attention-decode"), o.out);
        assertTrue(
                o.out.contains("1x512, 8x512, 1x1000, 4x1024, 1x2048, 2x2048; f32, f16, bf16"),
                o.out);
    }

    @Test
    void dryRunEstimatesAndMeasuresNothing(@TempDir Path folder) {
        Path out = folder.resolve("run");
        Outcome o =
                run(
                        "bench",
                        "mlp",
                        "--backend",
                        "reference",
                        "--dry-run",
                        "--seq",
                        "8,4096",
                        "--out",
                        out.toString());
        assertEquals(0, o.code, o.err);
        assertTrue(o.out.contains("reference cpu mlp 1x8x896x4864"), o.out);
        assertTrue(o.out.contains("skipped: it takes"), o.out);
        assertTrue(o.out.lines().toList().getLast().matches("\\d+ rows, about \\d+ .*"), o.out);
        assertFalse(Files.exists(out));
    }

    @Test
    void backendsAreListedWithDevicesOrRemedies() {
        Outcome o = run("backends");
        assertEquals(0, o.code);
        assertTrue(o.out.contains("reference: available"), o.out);
        assertTrue(o.out.contains("tornado: not available: "), o.out);
        assertTrue(o.out.contains("sdk install tornadovm"), o.out);
    }
}
