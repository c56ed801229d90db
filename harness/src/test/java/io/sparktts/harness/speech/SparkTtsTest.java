package io.sparktts.harness.speech;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sparktts.audio.ChunkPlan;
import io.sparktts.audio.WavFile;
import io.sparktts.contract.GoldenChecks;
import io.sparktts.speech.Head;
import io.sparktts.speech.SparkTts;
import io.sparktts.speech.Speech;
import io.sparktts.speech.SpeechOptions;
import io.sparktts.speech.Streaming;
import io.sparktts.speech.Voice;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** The Java API on {@code vector}. */
class SparkTtsTest {
    private static final Path MODEL = GoldenChecks.bundledDirectory().resolve("tiny_ckpt");
    private static final SpeechOptions HOW =
            SpeechOptions.DEFAULT.withMaxTokens(150).withIgnoreEos(true).withHead(Head.AUDIO_ROWS);

    @TempDir Path folder;

    /** The example of {@link SparkTts}'s documentation. */
    @Test
    void theExampleOfTheDocumentation() {
        Path clip = MODEL.resolve("prompt.wav");
        try (SparkTts tts = SparkTts.load(MODEL, "vector")) {
            Voice voice = tts.voice(clip, null);
            Speech speech = tts.say("Good morning.", voice, HOW);
            WavFile.write(folder.resolve("morning.wav"), speech.audio());
        }
        assertEquals(16_000, WavFile.read(folder.resolve("morning.wav")).sampleRate());
    }

    private static Voice voice() {
        return new Voice.Clip(new int[] {31, 42, 43, 41, 25, 30, 31, 47}, new int[0], null);
    }

    @Test
    void anExactStreamIsTheWhole() {
        try (SparkTts tts = SparkTts.load(MODEL, "vector")) {
            double[] whole = tts.say("One sentence", voice(), HOW).audio().samples();
            Streaming chunks = new Streaming(Streaming.Mode.EXACT, new ChunkPlan(10, 1.5, 40, 5));
            List<float[]> heard = new ArrayList<>();
            SpeechOptions how = HOW.withStream(chunks);
            Speech streamed = tts.stream("One sentence", voice(), how, heard::add);
            assertTrue(heard.size() > 3, heard.size() + " chunks");
            assertArrayEquals(whole, streamed.audio().samples(), 1e-4);
            assertEquals(whole.length, heard.stream().mapToInt(s -> s.length).sum());
            assertTrue(streamed.timings().firstAudio().compareTo(streamed.timings().total()) < 0);
        }
    }

    @Test
    void aFastStreamHasTheSameLength() {
        try (SparkTts tts = SparkTts.load(MODEL, "vector")) {
            Streaming chunks = new Streaming(Streaming.Mode.FAST, new ChunkPlan(12, 2, 60, 5));
            SpeechOptions how = HOW.withStream(chunks);
            Speech streamed = tts.stream("One sentence", voice(), how, samples -> {});
            assertEquals(
                    tts.say("One sentence", voice(), HOW).audio().samples().length,
                    streamed.audio().samples().length);
        }
    }

    @Test
    void audioRowsAloneChooseWhatTheMaskedHeadDoes() {
        try (SparkTts tts = SparkTts.load(MODEL, "vector")) {
            for (boolean ignoreEos : new boolean[] {true, false}) {
                SpeechOptions how = HOW.withMaxTokens(60).withIgnoreEos(ignoreEos);
                int[] rows = newIds(tts, how);
                assertTrue(rows.length > 1, rows.length + " tokens");
                assertArrayEquals(newIds(tts, how.withHead(Head.MASKED)), rows);
            }
        }
    }

    private static int[] newIds(SparkTts tts, SpeechOptions how) {
        return tts.say("A word.", voice(), how).segments().getFirst().newIds();
    }

    @Test
    void threadsTakeTurns() throws InterruptedException, ExecutionException {
        try (SparkTts tts = SparkTts.load(MODEL, "vector");
                var threads = Executors.newFixedThreadPool(4)) {
            List<Future<Speech>> calls = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                long seed = i % 2;
                calls.add(threads.submit(() -> tts.say("A word.", voice(), HOW.withSeed(seed))));
            }
            for (int i = 2; i < calls.size(); i++) {
                assertArrayEquals(
                        calls.get(i % 2).get().audio().samples(),
                        calls.get(i).get().audio().samples());
            }
        }
    }
}
