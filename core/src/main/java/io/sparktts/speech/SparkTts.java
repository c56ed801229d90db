package io.sparktts.speech;

import io.sparktts.audio.Audio;
import io.sparktts.audio.SilenceJoin;
import io.sparktts.backend.Backend;
import io.sparktts.backend.BackendException;
import io.sparktts.backend.Backends;
import io.sparktts.backend.Device;
import io.sparktts.backend.Probe;
import io.sparktts.checkpoint.SyntheticCheckpoint.Size;
import io.sparktts.codec.BiCodecDecoder;
import io.sparktts.codec.BiCodecSession;
import io.sparktts.model.Qwen2;
import io.sparktts.text.ControlToken;
import io.sparktts.text.GenerationLimit;
import io.sparktts.text.PromptOptions;
import io.sparktts.text.Prompts;
import io.sparktts.text.SentenceSplitter;
import io.sparktts.text.SpeechTokens;
import io.sparktts.text.Tokenizer;
import io.sparktts.text.TokenizerException;

import org.jspecify.annotations.Nullable;

import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A loaded Spark-TTS. Any number of threads may call it; calls take turns, since a device serves
 * one at a time.
 *
 * <pre>{@code
 * try (SparkTts tts = SparkTts.load(Path.of("Spark-TTS-0.5B"), "vector")) {
 *     Voice voice = tts.voice(Path.of("clip.wav"), null);
 *     Speech speech = tts.say("Good morning.", voice, SpeechOptions.DEFAULT);
 *     WavFile.write(Path.of("morning.wav"), speech.audio());
 * }
 * }</pre>
 *
 * <p>The JVM needs {@code --add-modules jdk.incubator.vector --enable-native-access=ALL-UNNAMED},
 * and what {@link Backend#launch} of the backend asks for.
 */
public final class SparkTts implements AutoCloseable {
    private final ReentrantLock turn = new ReentrantLock();
    private final Deque<AutoCloseable> resources = new ArrayDeque<>();
    private final SpeechSource source;
    private final LoadOptions options;
    private final Device device;
    private final Tokenizer tokenizer;
    private final SpeechTokens tokens;
    private final Generator generator;
    private final BiCodecSession codec;
    private @Nullable ClipEncoder clips;

    /** Hears audio while it is made. */
    public interface AudioListener {
        /**
         * The next samples, of 16 kHz in the published model, in {@code (-1, 1)}; called on the
         * calling thread.
         */
        void audio(float[] samples);
    }

    /**
     * Loads a model.
     *
     * @param shared the caller's device, which stays open; null for one of its own
     */
    private SparkTts(SpeechSource source, LoadOptions options, @Nullable Device shared) {
        this.source = own(source);
        this.options = options;
        // It takes a second of one core, beside seconds in which weights take turns on all.
        CompletableFuture<Tokenizer> opening =
                CompletableFuture.supplyAsync(
                        () -> Tokenizer.open(source.tokenizer()),
                        task -> Thread.ofPlatform().daemon().start(task));
        resources.push(
                () -> {
                    var _ = opening.thenAccept(Tokenizer::close);
                });
        try {
            device = shared != null ? shared : own(open(options));
            Qwen2 model =
                    own(
                            Qwen2.load(
                                    device,
                                    source.languageConfig(),
                                    source.language(),
                                    options.dtype()));
            BiCodecDecoder decoder =
                    own(
                            BiCodecDecoder.load(
                                    device,
                                    source.codecConfig(),
                                    source.codec(),
                                    options.codecDtype()));
            codec = own(decoder.session(options.variants()));
            tokenizer = opened(opening);
            tokens = SpeechTokens.of(tokenizer);
            generator = own(new Generator(model, options.variants(), tokens));
        } catch (RuntimeException | Error e) {
            close();
            throw e;
        }
    }

    private static Tokenizer opened(CompletableFuture<Tokenizer> opening) {
        try {
            return opening.join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof TokenizerException damaged) {
                throw damaged;
            }
            throw e;
        }
    }

    private <T extends AutoCloseable> T own(T resource) {
        resources.push(resource);
        return resource;
    }

    /**
     * Loads a checkpoint directory in F32.
     *
     * @param directory as published, with {@code LLM}, {@code BiCodec} and {@code config.yaml}
     * @param backend such as {@code vector}
     */
    public static SparkTts load(Path directory, String backend) {
        return load(directory, LoadOptions.DEFAULT.withBackend(backend));
    }

    /**
     * Loads a checkpoint directory.
     *
     * @throws io.sparktts.checkpoint.CheckpointException naming the file that is missing or wrong
     * @throws BackendException if the backend cannot run here
     */
    public static SparkTts load(Path directory, LoadOptions options) {
        return new SparkTts(new DirectorySource(directory), options, null);
    }

    /**
     * Loads a checkpoint directory to a device that stays the caller's.
     *
     * @param options whose backend and device are not looked at
     * @throws io.sparktts.checkpoint.CheckpointException naming the file that is missing or wrong
     */
    public static SparkTts load(Path directory, LoadOptions options, Device device) {
        return new SparkTts(new DirectorySource(directory), options, device);
    }

    /**
     * A model of the published sizes with random weights: all of the work, none of the sense.
     *
     * @param seed of the weights
     */
    public static SparkTts synthetic(long seed, LoadOptions options) {
        return new SparkTts(new SyntheticSource(Size.PUBLISHED, seed), options, null);
    }

    /**
     * A model of random weights on a device that stays the caller's.
     *
     * @param seed of the weights
     * @param options whose backend and device are not looked at
     */
    public static SparkTts synthetic(Size size, long seed, LoadOptions options, Device device) {
        return new SparkTts(new SyntheticSource(size, seed), options, device);
    }

    private static Device open(LoadOptions options) {
        if (options.backend() != null) {
            Backend named = Backends.named(options.backend());
            Probe probe = named.probe();
            if (!probe.available()) {
                throw new BackendException(
                        named.name() + ": " + probe.missing() + "; " + probe.remedy());
            }
            return open(named, probe, options);
        }
        for (Backend backend : Backends.all()) {
            Probe probe = backend.probe();
            if (probe.available()) {
                return open(backend, probe, options);
            }
        }
        throw new BackendException("no backend is available in this process");
    }

    private static Device open(Backend backend, Probe probe, LoadOptions options) {
        String id = options.device();
        return backend.open(id != null ? id : probe.devices().getFirst().id());
    }

    /** Samples per second of all audio. */
    public int sampleRate() {
        return source.audio().sampleRate();
    }

    /** The device it runs on, for people. */
    public String deviceName() {
        return device.info().name();
    }

    /**
     * Takes the voice of a clip.
     *
     * @param clip a WAV file; the published model hears its first 6 seconds
     * @param text exact transcript, so that the model can continue the clip; or null
     * @throws io.sparktts.audio.AudioException if it is no usable WAV file
     */
    public Voice.Clip voice(Path clip, @Nullable String text) {
        turn.lock();
        try {
            ClipEncoder encoder = clips;
            if (encoder == null) {
                encoder = own(new ClipEncoder(device, source, options.variants()));
                clips = encoder;
            }
            return encoder.encode(clip, text);
        } finally {
            turn.unlock();
        }
    }

    /**
     * Speaks a text as a whole. A long one is split at sentence ends, its pieces generated side by
     * side and joined with a rest.
     *
     * @throws IllegalArgumentException for a blank text or a voice of another checkpoint
     */
    public Speech say(String text, Voice voice, SpeechOptions how) {
        turn.lock();
        try {
            check(voice, how);
            return new Call(how, samples -> {}).whole(text, voice);
        } finally {
            turn.unlock();
        }
    }

    /**
     * Speaks a text piece by piece and hands audio out as soon as it is there.
     *
     * @return the same, once all is said
     */
    public Speech stream(String text, Voice voice, SpeechOptions how, AudioListener listener) {
        turn.lock();
        try {
            check(voice, how);
            return new Call(how, listener).streamed(text, voice);
        } finally {
            turn.unlock();
        }
    }

    /** The ids that the model is given for a text that is not split. */
    public int[] prompt(String text, Voice voice, SpeechOptions how) {
        turn.lock();
        try {
            return new Call(how, samples -> {}).prompt(text, voice);
        } finally {
            turn.unlock();
        }
    }

    /** What cannot work is said before anything is generated. */
    private void check(Voice voice, SpeechOptions how) {
        switch (voice) {
            case Voice.Clip clip -> codec.speaker(clip.globalTokens());
            case Voice.Styled _ -> {
                if (how.head().audioOnly()) {
                    throw new IllegalArgumentException(
                            "a made-up voice needs more than audio tokens; take a voice of a clip");
                }
            }
        }
    }

    /** One call of {@link #say} or {@link #stream}. */
    private final class Call {
        private final SpeechOptions how;
        private final AudioListener listener;
        private final Prompts prompts;
        private final Stopwatch watch = new Stopwatch(sampleRate());
        private final SoundBuffer sound = new SoundBuffer();
        private final List<Speech.Segment> segments = new ArrayList<>();
        private int stream;

        Call(SpeechOptions how, AudioListener listener) {
            this.how = how;
            this.listener = listener;
            PromptOptions text = new PromptOptions(how.allowSpecialTokens(), how.separator());
            this.prompts = new Prompts(tokenizer, tokens, text);
        }

        Speech whole(String text, Voice voice) {
            List<String> pieces = pieces(text);
            int[] global = global(voice);
            int from = 0;
            if (global.length == 0) {
                // The first piece decides what the made-up voice sounds like.
                generate(pieces.subList(0, 1), voice, (sequence, token) -> {});
                from = 1;
                global = tokens.global(segments.getFirst().newIds());
                String problem = problem(global);
                if (problem != null) {
                    return speech(global, problem);
                }
            }
            Voice rest = voice instanceof Voice.Clip ? voice : clone(global);
            for (; from < pieces.size(); from += how.batch()) {
                int to = Math.min(pieces.size(), from + how.batch());
                generate(pieces.subList(from, to), rest, (sequence, token) -> {});
            }
            codec.speaker(global);
            SilenceJoin join = new SilenceJoin(SilenceJoin.Settings.DEFAULT, sampleRate());
            for (Speech.Segment s : segments) {
                if (s.semantic().length == 0) {
                    continue;
                }
                long start = System.nanoTime();
                float[] samples = codec.decode(s.semantic());
                watch.decoded(start, samples.length);
                if (segments.size() == 1) {
                    handOut(samples);
                } else {
                    handOut(join.push(samples));
                    handOut(join.endSentence());
                }
            }
            return speech(global, problem(global));
        }

        Speech streamed(String text, Voice voice) {
            List<String> pieces = pieces(text);
            int[] global = global(voice);
            Voice now = voice;
            SilenceJoin join =
                    pieces.size() == 1
                            ? null
                            : new SilenceJoin(SilenceJoin.Settings.DEFAULT, sampleRate());
            for (String piece : pieces) {
                StreamedPiece p = new StreamedPiece(global, join);
                generate(List.of(piece), now, p);
                global = p.global;
                String problem = problem(global);
                if (problem != null) {
                    return speech(global, problem);
                }
                p.finish();
                now = now instanceof Voice.Clip ? now : clone(global);
            }
            return speech(global, problem(global));
        }

        /** Decodes the tokens of one piece while they come. */
        private final class StreamedPiece implements Generator.Listener {
            private final ChunkDecoder chunks = new ChunkDecoder(codec, how.stream());
            private final @Nullable SilenceJoin join;
            private int[] global;
            private int[] made = {};
            private boolean speakerSet;

            StreamedPiece(int[] global, @Nullable SilenceJoin join) {
                this.global = global;
                this.join = join;
            }

            @Override
            public void token(int sequence, int token) {
                int[] one = {token};
                if (global.length == 0) {
                    int[] voice = tokens.global(one);
                    made = SoundBuffer.joined(made, voice);
                }
                int[] semantic = tokens.semantic(one);
                if (semantic.length == 1 && ready()) {
                    decode(() -> chunks.push(semantic[0]));
                }
            }

            /** Whether the voice is complete; a made-up one is when speech begins. */
            private boolean ready() {
                if (global.length == 0) {
                    global = made;
                }
                if (problem(global) != null) {
                    return false;
                }
                if (!speakerSet) {
                    codec.speaker(global);
                    speakerSet = true;
                }
                return true;
            }

            private void decode(java.util.function.Supplier<float[]> step) {
                long start = System.nanoTime();
                float[] samples = step.get();
                if (samples.length > 0) {
                    watch.decoded(start, samples.length);
                    handOut(join == null ? samples : join.push(samples));
                }
            }

            void finish() {
                if (ready()) {
                    decode(chunks::finish);
                }
                if (join != null) {
                    handOut(join.endSentence());
                }
            }
        }

        private List<String> pieces(String text) {
            List<String> pieces =
                    how.allowSpecialTokens() ? List.of(text) : SentenceSplitter.DEFAULT.split(text);
            // What the splitter leaves whole goes to the model as it is, spaces included.
            return pieces.size() <= 1 ? List.of(text) : pieces;
        }

        private int[] global(Voice voice) {
            return voice instanceof Voice.Clip c ? c.globalTokens() : new int[0];
        }

        private Voice clone(int[] global) {
            return new Voice.Clip(global, new int[0], null);
        }

        private void generate(List<String> pieces, Voice voice, Generator.Listener heard) {
            List<int[]> ids = new ArrayList<>();
            int[] limits = new int[pieces.size()];
            for (int i = 0; i < limits.length; i++) {
                ids.add(prompt(pieces.get(i), voice));
                limits[i] = limit(pieces.get(i), voice);
            }
            watch.generating();
            Generator.Batch batch = generator.generate(ids, limits, how, stream, heard);
            stream++;
            watch.generated(batch.prefill(), batch.generation());
            for (int i = 0; i < limits.length; i++) {
                int[] made = batch.results().get(i).tokens();
                segments.add(
                        new Speech.Segment(
                                pieces.get(i),
                                ids.get(i),
                                made,
                                tokens.semantic(made),
                                batch.results().get(i).cut()));
            }
        }

        private int[] prompt(String text, Voice voice) {
            int[] ids = promptAlone(text, voice);
            // A model that continues a clip, or that may say nothing else, is past the start token.
            boolean started = voice instanceof Voice.Clip c && c.text() != null;
            return how.head().audioOnly() && !started
                    ? SoundBuffer.joined(
                            ids, new int[] {tokens.id(ControlToken.START_SEMANTIC_TOKEN)})
                    : ids;
        }

        private int[] promptAlone(String text, Voice voice) {
            return switch (voice) {
                case Voice.Styled s -> prompts.controlPrompt(text, s.style());
                case Voice.Clip c -> {
                    String said = c.text();
                    yield said == null
                            ? prompts.clonePrompt(text, c.globalTokens())
                            : prompts.clonePrompt(text, c.globalTokens(), said, c.semanticTokens());
                }
            };
        }

        private int limit(String text, Voice voice) {
            if (how.ignoreEos()) {
                return how.maxTokens();
            }
            int globals = source.codecConfig().speaker().tokenNum();
            return voice instanceof Voice.Styled
                    ? GenerationLimit.controlTokens(text, globals, how.maxTokens())
                    : GenerationLimit.semanticTokens(text, how.maxTokens());
        }

        private void handOut(float[] samples) {
            if (samples.length > 0) {
                watch.handedOut(samples.length);
                sound.append(samples);
                listener.audio(samples);
            }
        }

        /** Why there is no audio of this voice and these segments; null if there is. */
        private @Nullable String problem(int[] global) {
            int wanted = source.codecConfig().speaker().tokenNum();
            if (global.length != wanted) {
                return "the model made "
                        + global.length
                        + " global tokens, not "
                        + wanted
                        + "; try another seed";
            }
            boolean said = segments.isEmpty();
            for (Speech.Segment s : segments) {
                said |= s.semantic().length > 0;
            }
            return said ? null : "the model made no semantic token; try another seed or text";
        }

        private Speech speech(int[] global, @Nullable String problem) {
            Audio audio = problem == null ? Audio.of(sound.toArray(), sampleRate()) : null;
            return new Speech(segments, global, audio, problem, watch.timings());
        }
    }

    @Override
    public void close() {
        turn.lock();
        try {
            while (!resources.isEmpty()) {
                try {
                    resources.pop().close();
                } catch (RuntimeException e) {
                    throw e;
                } catch (Exception e) {
                    throw new IllegalStateException("a model could not be closed", e);
                }
            }
        } finally {
            turn.unlock();
        }
    }
}
