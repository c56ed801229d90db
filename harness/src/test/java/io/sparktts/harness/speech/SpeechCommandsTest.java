package io.sparktts.harness.speech;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sparktts.audio.WavFile;
import io.sparktts.checkpoint.SafetensorsFile;
import io.sparktts.contract.GoldenChecks;
import io.sparktts.harness.Main;

import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

import picocli.CommandLine;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/**
 * {@code say}, {@code voice} and {@code model} on the golden checkpoint, whose answers the
 * published program gave, in this process on {@code vector}.
 */
class SpeechCommandsTest {
    private static final Path GOLDEN =
            System.getProperty("sparktts.golden") == null
                    ? GoldenChecks.bundledDirectory()
                    : Path.of(System.getProperty("sparktts.golden"));
    private static final Path MODEL = GOLDEN.resolve("tiny_ckpt");
    private static final Path CLIP = MODEL.resolve("prompt.wav");
    private static final Pattern CONTENT =
            Pattern.compile("<\\|start_content\\|>(.*)<\\|end_content\\|>", Pattern.DOTALL);
    private static final List<String> LEVELS =
            List.of("very_low", "low", "moderate", "high", "very_high");

    /** Of 16-bit samples against float32 ones. */
    private static final double WAVE = 1e-3;

    @TempDir Path folder;

    private record Run(int code, String err) {}

    private static Run run(String... arguments) {
        List<String> all = new ArrayList<>(List.of(arguments));
        if (!arguments[0].equals("model")) {
            all.addAll(List.of("--backend", "vector", "--in-process"));
        }
        StringWriter err = new StringWriter();
        CommandLine line = Main.commandLine();
        line.setErr(new PrintWriter(err, true));
        line.setOut(new PrintWriter(new StringWriter(), true));
        int code = line.execute(all.toArray(String[]::new));
        return new Run(code, err.toString());
    }

    /** In a process of its own, since a stream goes to the standard output itself. */
    private int stream(Path stdout, Path stderr) throws IOException, InterruptedException {
        List<String> command =
                new ArrayList<>(
                        List.of(
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "--add-modules=jdk.incubator.vector",
                                "--enable-native-access=ALL-UNNAMED",
                                "-cp",
                                System.getProperty("java.class.path"),
                                Main.class.getName(),
                                "say",
                                "A word."));
        command.addAll(List.of("--model", MODEL.toString(), "--prompt-audio", CLIP.toString()));
        command.addAll(List.of("--max-tokens", "30", "--ignore-eos", "--audio-only", "--stream"));
        command.addAll(List.of("--backend", "vector", "--in-process"));
        return new ProcessBuilder(command)
                .redirectOutput(stdout.toFile())
                .redirectError(stderr.toFile())
                .start()
                .waitFor();
    }

    @Test
    void aStreamIsAPlayableFile() throws IOException, InterruptedException {
        Path wav = folder.resolve("stream.wav");
        Path err = folder.resolve("err.txt");
        assertEquals(0, stream(wav, err), () -> read(err));
        assertTrue(WavFile.read(wav).samples().length > 0);
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void aStreamThatCannotBeWrittenIsAnError() throws IOException, InterruptedException {
        Path err = folder.resolve("err.txt");
        assertEquals(2, stream(Path.of("/dev/full"), err), () -> read(err));
        assertTrue(read(err).contains("sparktts: standard output cannot be written: "), read(err));
        assertFalse(read(err).contains("\tat "), read(err));
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @TestFactory
    List<DynamicTest> answersAsThePublishedProgram() throws IOException {
        JsonNode cases =
                JsonMapper.shared()
                        .readTree(Files.readString(GOLDEN.resolve("e2e/e2e_golden.json")))
                        .get("cases");
        List<DynamicTest> tests = new ArrayList<>();
        for (JsonNode c : cases.values()) {
            String name = c.get("name").stringValue();
            tests.add(DynamicTest.dynamicTest(name, () -> endToEnd(name, c)));
        }
        assertTrue(tests.size() >= 2);
        return tests;
    }

    private void endToEnd(String name, JsonNode golden) throws IOException {
        Path json = folder.resolve(name + ".json");
        Path wav = folder.resolve(name + ".wav");
        String prompt = golden.get("prompt").stringValue();
        Matcher content = CONTENT.matcher(prompt);
        assertTrue(content.find());
        String text = content.group(1);
        List<String> args = new ArrayList<>(List.of("say", "--model", MODEL.toString()));
        args.addAll(List.of("--greedy", "--max-tokens", "40", "--ignore-eos"));
        args.addAll(List.of("--json", json.toString(), "--out", wav.toString()));
        if (prompt.contains("start_semantic_token")) {
            // Prompt text and text stand side by side; a capital letter begins the latter.
            int split = firstCapital(text);
            args.addAll(List.of("--prompt-text", text.substring(0, split)));
            text = text.substring(split);
        }
        if (name.startsWith("control")) {
            String gender = number(prompt, "gender").equals("0") ? "female" : "male";
            args.addAll(List.of("--gender", gender));
            for (String label : List.of("pitch", "speed")) {
                int level = Integer.parseInt(number(prompt, label + "_label"));
                args.addAll(List.of("--" + label, LEVELS.get(level)));
            }
        } else {
            args.addAll(List.of("--prompt-audio", CLIP.toString()));
        }
        args.add(text);
        Run run = run(args.toArray(String[]::new));

        JsonNode said = JsonMapper.shared().readTree(Files.readString(json));
        assertArrayEquals(ints(golden.get("input_ids")), ints(said.get("promptIds")));
        assertArrayEquals(ints(golden.get("greedy_new_ids")), ints(said.get("newIds")));
        assertArrayEquals(ints(golden.get("semantic")), ints(said.get("semantic")));
        if (golden.has("wav_samples")) {
            assertEquals(0, run.code, run.err);
            assertEquals(
                    golden.get("wav_samples").asInt(), said.get("audio").get("samples").asInt());
            waveform(name, wav);
        } else {
            // The tiny model makes no complete voice: ids are written, no audio is.
            assertEquals(5, run.code, run.err);
            assertTrue(said.get("audio").isNull());
            assertFalse(Files.exists(wav));
            assertEquals(1, run.err.lines().count(), run.err);
        }
    }

    private static int firstCapital(String text) {
        return IntStream.range(1, text.length())
                .filter(i -> Character.isUpperCase(text.charAt(i)))
                .findFirst()
                .orElseThrow();
    }

    private static void waveform(String name, Path wav) throws IOException {
        double[] now = WavFile.read(wav).samples();
        try (SafetensorsFile f =
                SafetensorsFile.open(GOLDEN.resolve("e2e/e2e_golden.safetensors"))) {
            double[] truth = f.tensor(name + ".wav_first8000").toDoubles();
            assertArrayEquals(truth, Arrays.copyOf(now, truth.length), WAVE);
        }
    }

    private static String number(String prompt, String token) {
        Matcher m = Pattern.compile("<\\|" + token + "_(\\d+)\\|>").matcher(prompt);
        assertTrue(m.find(), token);
        return m.group(1);
    }

    private static int[] ints(JsonNode array) {
        return IntStream.range(0, array.size()).map(i -> array.get(i).asInt()).toArray();
    }

    @Test
    void keepsAVoiceAndSpeaksWithIt() throws IOException {
        Path voice = folder.resolve("voice.json");
        Run made =
                run(
                        "voice",
                        CLIP.toString(),
                        "--text",
                        "please read this",
                        "--model",
                        MODEL.toString(),
                        "--out",
                        voice.toString());
        assertEquals(0, made.code, made.err);
        double[] kept = speak("kept.wav", "--voice", voice.toString());
        double[] fresh =
                speak(
                        "fresh.wav",
                        "--prompt-audio",
                        CLIP.toString(),
                        "--prompt-text",
                        "please read this");
        assertArrayEquals(fresh, kept);
    }

    private double[] speak(String file, String... voice) {
        Path wav = folder.resolve(file);
        List<String> args = new ArrayList<>(List.of("say", "Then stop.", "--greedy"));
        args.addAll(List.of("--max-tokens", "30", "--ignore-eos", "--audio-only"));
        args.addAll(List.of("--model", MODEL.toString(), "--out", wav.toString()));
        args.addAll(List.of(voice));
        Run run = run(args.toArray(String[]::new));
        assertEquals(0, run.code, run.err);
        return WavFile.read(wav).samples();
    }

    @Test
    void aSyntheticDirectorySpeaks() {
        Path model = folder.resolve("synthetic");
        Run made = run("model", "synth", model.toString(), "--size", "tiny");
        assertEquals(0, made.code, made.err);
        Path wav = folder.resolve("synthetic.wav");
        Run run =
                run(
                        "say",
                        "Hello there. And again!",
                        "--prompt-audio",
                        CLIP.toString(),
                        "--audio-only",
                        "--max-tokens",
                        "20",
                        "--model",
                        model.toString(),
                        "--out",
                        wav.toString());
        assertEquals(0, run.code, run.err);
        assertTrue(WavFile.read(wav).samples().length > 0);
        assertEquals(2, run("model", "synth", model.toString()).code);
    }

    @Test
    void badInputIsOneLineAndWritesNothing() throws IOException {
        Path wav = folder.resolve("out.wav");
        Path few = Files.writeString(folder.resolve("few.json"), "{\"globalTokens\": [1, 2]}");
        Path far = Files.writeString(folder.resolve("far.json"), "{\"globalTokens\": [99999999]}");
        Path mp3 = Files.write(folder.resolve("mp3.wav"), new byte[] {'I', 'D', '3', 4, 0, 0});
        String model = MODEL.toString();
        String out = wav.toString();
        List<List<String>> bad =
                List.of(
                        List.of("say", "  ", "--model", model, "--out", out),
                        List.of("say", "a".repeat(100_001), "--model", model, "--out", out),
                        List.of("say", "Hi", "--model", model),
                        List.of("say", "Hi", "--model", folder.toString(), "--out", out),
                        List.of("say", "Hi", "--model", model, "--out", out, "--top-k", "-1"),
                        List.of("say", "Hi", "--model", model, "--out", out, "--pitch", "shrill"),
                        List.of("say", "Hi", "--model", model, "--out", out, "--dtype", "f8"),
                        List.of("say", "Hi", "--model", model, "--out", out, "--voice", "" + few),
                        List.of("say", "Hi", "--model", model, "--out", out, "--voice", "" + far),
                        List.of("say", "Hi", "--model", model, "--out", out, "--voice", "" + mp3),
                        List.of(
                                "say",
                                "Hi",
                                "--model",
                                model,
                                "--out",
                                out,
                                "--prompt-audio",
                                "" + mp3),
                        List.of(
                                "say",
                                "Hi",
                                "--model",
                                model,
                                "--out",
                                out,
                                "--prompt-audio",
                                "" + folder.resolve("none.wav")));
        for (List<String> arguments : bad) {
            Run run = run(arguments.toArray(String[]::new));
            assertEquals(2, run.code, arguments + run.err);
            assertEquals(1, run.err.lines().count(), arguments + run.err);
            assertFalse(Files.exists(wav), arguments::toString);
        }
    }
}
