package io.sparktts.harness.speech;

import io.sparktts.audio.WavFile;
import io.sparktts.audio.WavStream;
import io.sparktts.backend.Sampling;
import io.sparktts.harness.UserError;
import io.sparktts.speech.Head;
import io.sparktts.speech.SparkTts;
import io.sparktts.speech.Speech;
import io.sparktts.speech.SpeechOptions;
import io.sparktts.speech.Streaming;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;

/** Text in, speech out. */
@Command(
        name = "say",
        mixinStandardHelpOptions = true,
        description = "Speaks a text into a WAV file, or to standard output while it is made.")
public final class SayCommand implements Callable<Integer> {
    /** Semantic tokens per second of the published codec. */
    private static final int TOKENS_PER_SECOND = 50;

    private static final int MOST_CHARACTERS = 100_000;

    @Spec private CommandSpec spec = CommandSpec.create();
    @Mixin private ModelOptions model = new ModelOptions();

    @ArgGroup(validate = false, heading = "%nWhose voice (default: a moderate female one):%n")
    private VoiceOptions voice = new VoiceOptions();

    @Parameters(
            paramLabel = "TEXT",
            arity = "0..1",
            description = "what to say; without it and --text-file, standard input")
    private @Nullable String text;

    @Option(names = "--text-file", paramLabel = "FILE", description = "a file with the text, UTF-8")
    private @Nullable Path textFile;

    @Option(names = "--out", paramLabel = "FILE", description = "WAV file to write")
    private @Nullable Path out;

    @Option(
            names = "--stream",
            paramLabel = "wav|pcm",
            arity = "0..1",
            fallbackValue = "wav",
            description = "audio to standard output while it is made: WAV, or raw 16-bit samples")
    private @Nullable StreamForm stream;

    @Option(
            names = "--mode",
            paramLabel = "exact|fast",
            defaultValue = "exact",
            description =
                    "chunks of a stream: exact waits for the codec's context, fast cross-fades"
                            + " (default: ${DEFAULT-VALUE})")
    private Streaming.Mode mode = Streaming.Mode.EXACT;

    @Option(
            names = "--first",
            paramLabel = "SECONDS",
            defaultValue = "0.5",
            description = "length of a stream's first chunk (default: ${DEFAULT-VALUE})")
    private double first;

    @Option(names = "--json", paramLabel = "FILE", description = "tokens and timings as JSON")
    private @Nullable Path json;

    @Option(names = "--greedy", description = "always the likeliest token")
    private boolean greedy;

    @Option(
            names = "--temperature",
            paramLabel = "T",
            defaultValue = "0.8",
            description = "default: ${DEFAULT-VALUE}")
    private double temperature;

    @Option(
            names = "--top-k",
            paramLabel = "K",
            defaultValue = "50",
            description = "default: ${DEFAULT-VALUE}")
    private int topK;

    @Option(
            names = "--top-p",
            paramLabel = "P",
            defaultValue = "0.95",
            description = "default: ${DEFAULT-VALUE}")
    private double topP;

    @Option(
            names = "--seed",
            paramLabel = "N",
            defaultValue = "0",
            description = "of the draws (default: ${DEFAULT-VALUE})")
    private long seed;

    @Option(
            names = "--max-tokens",
            paramLabel = "N",
            defaultValue = "3000",
            description = "new tokens per piece of the text (default: ${DEFAULT-VALUE})")
    private int maxTokens;

    @Option(names = "--ignore-eos", description = "never end before --max-tokens")
    private boolean ignoreEos;

    @Option(
            names = "--allow-special-tokens",
            description = "spellings such as <|im_end|> in the text become tokens")
    private boolean allowSpecialTokens;

    @Option(
            names = "--audio-only",
            description =
                    "compute and choose among audio tokens and the end alone (an approximation that"
                            + " reads three tenths less per token; needs the voice of a clip)")
    private boolean audioOnly;

    @Option(
            names = "--batch",
            paramLabel = "N",
            defaultValue = "4",
            description =
                    "pieces of a long text that are generated side by side (default:"
                            + " ${DEFAULT-VALUE})")
    private int batch;

    /** What goes to standard output. */
    enum StreamForm {
        WAV,
        PCM
    }

    @Override
    public Integer call() throws Exception {
        if (out == null && stream == null && json == null) {
            throw UserError.usage("nowhere to put the audio: name --out FILE or --stream");
        }
        if (text != null && textFile != null) {
            throw UserError.usage("a text and --text-file: name one of them");
        }
        SpeechOptions how = options();
        voice.check();
        return model.run(spec, () -> say(how));
    }

    private SpeechOptions options() {
        try {
            Sampling sampling = greedy ? Sampling.GREEDY : Sampling.of(temperature, topK, topP);
            int tokens = (int) Math.max(1, Math.round(first * TOKENS_PER_SECOND));
            return SpeechOptions.DEFAULT
                    .withSampling(sampling)
                    .withSeed(seed)
                    .withMaxTokens(maxTokens)
                    .withIgnoreEos(ignoreEos)
                    .withSpecialTokens(allowSpecialTokens)
                    .withHead(audioOnly ? Head.AUDIO_ROWS : Head.FULL)
                    .withSeparator(voice.separator())
                    .withBatch(batch)
                    .withStream(Streaming.DEFAULT.withMode(mode).withFirst(tokens));
        } catch (IllegalArgumentException e) {
            throw UserError.usage(String.valueOf(e.getMessage()));
        }
    }

    private String text() {
        String all;
        try {
            if (textFile != null) {
                all = Files.readString(textFile);
            } else if (text != null) {
                all = text;
            } else {
                all = new String(System.in.readAllBytes(), StandardCharsets.UTF_8);
            }
        } catch (IOException e) {
            throw UserError.usage(
                    (textFile == null ? "standard input" : textFile.toString())
                            + " cannot be read: "
                            + e.getMessage());
        }
        if (all.isBlank()) {
            throw UserError.usage("the text is blank: nothing to speak");
        }
        if (all.length() > MOST_CHARACTERS) {
            throw UserError.usage(
                    "a text of " + all.length() + " characters; at most " + MOST_CHARACTERS);
        }
        return all;
    }

    private int say(SpeechOptions how) {
        String said = text();
        try (SparkTts tts = model.load(seed)) {
            Speech speech =
                    stream == null
                            ? tts.say(said, voice.voice(tts), how)
                            : streamed(tts, said, how, stream);
            if (out != null && speech.sound() != null) {
                WavFile.write(out, speech.audio());
            }
            if (json != null) {
                JsonFile.write(json, SpeechJson.of(speech, speech.sound() == null ? null : out));
            }
            if (speech.problem() != null) {
                throw UserError.noSpeech(speech.problem());
            }
            summarize(tts, speech);
        }
        return UserError.OK;
    }

    private Speech streamed(SparkTts tts, String said, SpeechOptions how, StreamForm form) {
        // System.out swallows what goes wrong.
        try (OutputStream stdout = new FileOutputStream(FileDescriptor.out)) {
            WavStream sink =
                    form == StreamForm.WAV
                            ? WavStream.wav(stdout, tts.sampleRate())
                            : WavStream.raw(stdout);
            return tts.stream(
                    said,
                    voice.voice(tts),
                    how,
                    samples -> {
                        try {
                            sink.write(samples);
                        } catch (IOException e) {
                            throw new UncheckedIOException(e);
                        }
                    });
        } catch (IOException | UncheckedIOException e) {
            throw UserError.usage("standard output cannot be written: " + cause(e).getMessage());
        }
    }

    private static Throwable cause(Exception e) {
        return e.getCause() instanceof IOException cause ? cause : e;
    }

    private void summarize(SparkTts tts, Speech speech) {
        PrintWriter err = spec.commandLine().getErr();
        Speech.Timings t = speech.timings();
        err.printf(
                "%.2f s of audio in %.2f s on %s (real-time factor %.2f); first audio after %.0f"
                        + " ms%n",
                speech.audio().seconds(),
                t.total().toNanos() / 1e9,
                tts.deviceName(),
                speech.realTimeFactor(),
                t.firstAudio().toNanos() / 1e6);
        for (Speech.Segment s : speech.segments()) {
            if (s.cut() && !ignoreEos) {
                err.println(
                        "cut off after "
                                + s.newIds().length
                                + " tokens: the model did not end '"
                                + shortened(s.text())
                                + "'");
            }
        }
        err.flush();
    }

    private static String shortened(String text) {
        String line = text.strip().replaceAll("\\s+", " ");
        return line.length() <= 40 ? line : line.substring(0, 40) + "...";
    }
}
