package io.sparktts.speech;

import io.sparktts.backend.Sampling;
import io.sparktts.backend.Variants;
import io.sparktts.model.Qwen2;
import io.sparktts.model.Qwen2Session;
import io.sparktts.model.RestrictedVocabulary;
import io.sparktts.text.SpeechTokens;
import io.sparktts.text.TokenRange;

import org.jspecify.annotations.Nullable;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Prompts in, tokens out, one call at a time. The session of the last call is kept: its recorded
 * step serves the next call of the same kind.
 */
final class Generator implements AutoCloseable {
    /**
     * Caches are of whole multiples of this many positions, so that a session serves many calls.
     */
    private static final int CAPACITY_STEP = 1024;

    private final Qwen2 model;
    private final Variants variants;
    private final int eos;
    private final TokenRange semantic;
    private @Nullable RestrictedVocabulary audio;
    private @Nullable Key key;
    private @Nullable Qwen2Session session;

    private record Key(int slots, int capacity, Sampling sampling, boolean ignoreEos, Head head) {}

    /** Hears of each token as it comes. */
    interface Listener {
        /**
         * A token, which is not the end.
         *
         * @param sequence which prompt it continues
         */
        void token(int sequence, int token);
    }

    /**
     * What continued a prompt.
     *
     * @param tokens without the end
     * @param cut whether the limit acted, not the end token
     */
    // Package-private and never compared.
    @SuppressWarnings("ArrayRecordComponent")
    record Result(int[] tokens, boolean cut) {}

    /**
     * What continued several prompts, and how long it took.
     *
     * @param prefill up to the first tokens
     * @param generation the other tokens, and what the listener did with them
     */
    record Batch(List<Result> results, Duration prefill, Duration generation) {}

    Generator(Qwen2 model, Variants variants, SpeechTokens tokens) {
        this.model = model;
        this.variants = variants;
        this.eos = tokens.endOfOutput();
        this.semantic = tokens.semantic();
    }

    /**
     * Continues prompts, side by side.
     *
     * @param limits new tokens of each, at most
     * @param stream which draws to use: another number, other draws from the same seed
     */
    Batch generate(
            List<int[]> prompts,
            int[] limits,
            SpeechOptions options,
            int stream,
            Listener listener) {
        int n = prompts.size();
        int longest = 0;
        for (int b = 0; b < n; b++) {
            longest = Math.max(longest, prompts.get(b).length);
        }
        int most = Arrays.stream(limits).max().orElse(0);
        Qwen2Session s = session(n, longest + most, options);
        long start = System.nanoTime();
        s.reset();
        s.append(prompts);
        int[] next = s.start(options.seed() + 0x9E3779B97F4A7C15L * stream);
        long first = System.nanoTime();
        List<int[]> tokens = new ArrayList<>();
        int[] counts = new int[n];
        boolean[] done = new boolean[n];
        boolean[] cut = new boolean[n];
        for (int limit : limits) {
            tokens.add(new int[limit]);
        }
        int running = n;
        while (true) {
            for (int b = 0; b < n; b++) {
                if (done[b]) {
                    continue;
                }
                if (next[b] == eos && !options.ignoreEos()) {
                    done[b] = true;
                } else {
                    tokens.get(b)[counts[b]++] = next[b];
                    listener.token(b, next[b]);
                    cut[b] = counts[b] == limits[b];
                    done[b] = cut[b];
                }
                running -= done[b] ? 1 : 0;
            }
            if (running == 0) {
                break;
            }
            next = s.step();
        }
        List<Result> results = new ArrayList<>();
        for (int b = 0; b < n; b++) {
            results.add(new Result(Arrays.copyOf(tokens.get(b), counts[b]), cut[b]));
        }
        Duration prefill = Duration.ofNanos(first - start);
        return new Batch(results, prefill, Duration.ofNanos(System.nanoTime() - first));
    }

    private Qwen2Session session(int slots, int positions, SpeechOptions options) {
        int most = model.config().maxPositions();
        if (positions > most) {
            throw new SpeechException(
                    "prompt and new tokens would take "
                            + positions
                            + " positions; the model has "
                            + most);
        }
        int capacity =
                Math.min(most, (positions + CAPACITY_STEP - 1) / CAPACITY_STEP * CAPACITY_STEP);
        Key last = key;
        Qwen2Session now = session;
        if (now != null
                && last != null
                && last.slots == slots
                && last.capacity >= capacity
                && last.sampling.equals(options.sampling())
                && last.ignoreEos == options.ignoreEos()
                && last.head == options.head()) {
            return now;
        }
        closeSession();
        now =
                model.session(
                        variants,
                        slots,
                        capacity,
                        options.sampling(),
                        forbidden(options),
                        options.head() == Head.AUDIO_ROWS ? audio() : null);
        session = now;
        key = new Key(slots, capacity, options.sampling(), options.ignoreEos(), options.head());
        return now;
    }

    private int[] forbidden(SpeechOptions options) {
        return IntStream.range(0, model.config().vocabSize())
                .filter(
                        id ->
                                id == eos
                                        ? options.ignoreEos()
                                        : options.head() == Head.MASKED && !semantic.contains(id))
                .toArray();
    }

    /** Semantic tokens and the end; read when they are first asked for. */
    private RestrictedVocabulary audio() {
        RestrictedVocabulary read = audio;
        if (read == null) {
            IntStream ids = IntStream.range(semantic.first(), semantic.first() + semantic.count());
            read = model.restrict(IntStream.concat(IntStream.of(eos), ids).sorted().toArray());
            audio = read;
        }
        return read;
    }

    private void closeSession() {
        Qwen2Session s = session;
        session = null;
        key = null;
        if (s != null) {
            s.close();
        }
    }

    @Override
    public void close() {
        closeSession();
        if (audio != null) {
            audio.close();
        }
    }
}
