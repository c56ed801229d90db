package io.sparktts.harness.bench;

import io.sparktts.backend.Device;
import io.sparktts.backend.Queue;
import io.sparktts.backend.Variants;
import io.sparktts.contract.CodecCheck;
import io.sparktts.contract.Comparison;
import io.sparktts.contract.Tolerance;
import io.sparktts.model.BiCodecConfig;
import io.sparktts.reports.schema.SpeechTimes;
import io.sparktts.reports.schema.SpeechTimes.Stage;
import io.sparktts.reports.schema.Timing;
import io.sparktts.speech.SparkTts;
import io.sparktts.speech.Speech;
import io.sparktts.speech.SpeechOptions;
import io.sparktts.speech.Streaming;
import io.sparktts.speech.Voice;

import org.jspecify.annotations.Nullable;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.function.ToDoubleFunction;

/** An utterance of a known voice, streamed: a prompt, then tokens and audio. */
final class SpeechCall implements Call {
    /** A second of the published codec. */
    private static final int FIRST_CHUNK = 50;

    /** Spoken up to the letter that fills the prompt; without an end of sentence to split it at. */
    private static final String WORDS = "we measure how long it takes until the first sound ";

    private final BenchSpec spec;
    private final SpeechMode mode;
    private final Device device;
    private final Variants variants;
    private final Queue queue;
    private final SparkTts tts;
    private final Voice voice;
    private final SpeechOptions how;
    private final String text;
    private Speech.@Nullable Timings timings;

    SpeechCall(BenchSpec spec, Device device) {
        this.spec = spec;
        mode = Objects.requireNonNull(spec.mode());
        this.device = device;
        variants = Grid.parse(spec.variant());
        BiCodecConfig codec = Models.codecConfig(spec.model());
        voice =
                new Voice.Clip(
                        new SplittableRandom(Models.SEED)
                                .ints(codec.speaker().tokenNum(), 0, codec.speaker().codebookSize())
                                .toArray(),
                        new int[0],
                        null);
        how =
                SpeechOptions.DEFAULT
                        .withMaxTokens(spec.sequenceLength())
                        .withIgnoreEos(true)
                        .withHead(mode.head())
                        .withStream(
                                Streaming.DEFAULT
                                        .withMode(mode.streaming())
                                        .withFirst(FIRST_CHUNK));
        queue = device.newQueue();
        tts = Models.speaker(spec.model(), device, spec.dtype(), variants);
        text = text();
    }

    /** A letter adds a token at most, so that no length is jumped over. */
    private String text() {
        StringBuilder letters = new StringBuilder();
        int tokens = 0;
        while (tokens < BenchKind.PROMPT_TOKENS) {
            letters.append(WORDS.charAt(letters.length() % WORDS.length()));
            tokens = letters.toString().isBlank() ? 0 : prompt(letters.toString());
        }
        if (tokens > BenchKind.PROMPT_TOKENS) {
            throw new IllegalStateException(
                    "the voice alone takes more than " + BenchKind.PROMPT_TOKENS + " tokens");
        }
        return letters.toString();
    }

    private int prompt(String words) {
        return tts.prompt(words, voice, how).length;
    }

    @Override
    public Queue queue() {
        return queue;
    }

    @Override
    public void run() {
        timings = spoken(tts.stream(text, voice, how, samples -> {})).timings();
    }

    private static Speech spoken(Speech speech) {
        if (speech.problem() != null) {
            throw new IllegalStateException(speech.problem());
        }
        return speech;
    }

    @Override
    public Speech.@Nullable Timings timings() {
        return timings;
    }

    @Override
    public Comparison check() {
        Comparison.Builder c = new Comparison.Builder();
        c.include(
                ModelCheck.run(
                                device,
                                Models.config(spec.model()),
                                spec.dtype(),
                                variants,
                                spec.variant())
                        .comparison());
        c.include(CodecCheck.run(device, spec.dtype(), variants));
        Speech whole = spoken(tts.say(text, voice, how));
        Speech streamed = spoken(tts.stream(text, voice, how, samples -> {}));
        int[] expected = whole.segments().getFirst().newIds();
        int[] tokens = streamed.segments().getFirst().newIds();
        if (tokens.length != spec.sequenceLength() || !Arrays.equals(expected, tokens)) {
            c.fail("the streamed tokens are not those of the utterance as a whole");
        }
        compare(c, samples(whole), samples(streamed));
        return c.build();
    }

    private void compare(Comparison.Builder c, double[] whole, double[] streamed) {
        if (streamed.length != whole.length) {
            c.fail(streamed.length + " samples were streamed, not " + whole.length);
            return;
        }
        double bound = Tolerance.wave(spec.dtype(), variants);
        for (int i = 0; i < whole.length; i++) {
            if (mode == SpeechMode.EXACT) {
                c.element(streamed[i], whole[i], bound, "streamed", i);
            } else {
                c.finite(streamed[i], "streamed", i);
            }
        }
    }

    private static double[] samples(Speech speech) {
        return Objects.requireNonNull(speech.sound()).samples();
    }

    @Override
    public String truth() {
        return "model, codec, and the utterance as a whole";
    }

    @Override
    public long bytes() {
        return 0;
    }

    /** None: no one limit holds for prompt, tokens and codec. */
    @Override
    public double flops() {
        return 0;
    }

    @Override
    public int tokens() {
        return 0;
    }

    /** What the calls add up to. */
    SpeechTimes times(List<Speech.Timings> calls) {
        Speech.Timings median =
                calls.stream()
                        .sorted(Comparator.comparing(Speech.Timings::total))
                        .toList()
                        .get(calls.size() / 2);
        int samples = median.chunks().stream().mapToInt(Speech.Chunk::samples).sum();
        double seconds = (double) samples / tts.sampleRate();
        int others = Math.max(1, spec.sequenceLength() - 1);
        return new SpeechTimes(
                BenchKind.PROMPT_TOKENS,
                spec.sequenceLength(),
                seconds,
                timing(calls, t -> t.prefill().toNanos()),
                timing(calls, t -> (double) t.generation().toNanos() / others),
                timing(calls, t -> t.codec().toNanos() / seconds),
                timing(calls, t -> t.firstAudio().toNanos()),
                median.total().toNanos() / 1e9 / seconds,
                calls.stream().mapToDouble(t -> millis(t.underrun())).max().orElse(0),
                timeline(median));
    }

    private static Timing timing(
            List<Speech.Timings> calls, ToDoubleFunction<Speech.Timings> nanos) {
        return Timing.of(calls.stream().mapToDouble(nanos).mapToLong(Math::round).toArray());
    }

    /** What is neither the prompt's time nor the codec's is the tokens'. */
    static List<Stage> timeline(Speech.Timings call) {
        List<Stage> stages = new ArrayList<>();
        double now = millis(call.prefill());
        stages.add(new Stage(Stage.PREFILL, 0, now));
        for (Speech.Chunk chunk : call.chunks()) {
            double start = millis(chunk.start());
            if (start > now) {
                stages.add(new Stage(Stage.TOKENS, now, start));
            }
            now = millis(chunk.end());
            stages.add(new Stage(Stage.CODEC, start, now));
        }
        return stages;
    }

    private static double millis(Duration time) {
        return time.toNanos() / 1e6;
    }

    @Override
    public void close() {
        tts.close();
        queue.close();
    }
}
