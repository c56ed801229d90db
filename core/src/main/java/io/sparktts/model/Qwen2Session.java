package io.sparktts.model;

import io.sparktts.backend.BackendException;
import io.sparktts.backend.DType;
import io.sparktts.backend.Device;
import io.sparktts.backend.HostTensor;
import io.sparktts.backend.Kernels;
import io.sparktts.backend.KvCache;
import io.sparktts.backend.ModelWeights;
import io.sparktts.backend.Program;
import io.sparktts.backend.Queue;
import io.sparktts.backend.Sampling;
import io.sparktts.backend.SequenceBatch;
import io.sparktts.backend.StepState;
import io.sparktts.backend.Tensor;
import io.sparktts.backend.Variants;

import org.jspecify.annotations.Nullable;

import java.lang.foreign.Arena;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Sequences under way: their cache, their positions and the recorded decode step. One slot per
 * sequence.
 *
 * <p>Use: {@link #append} the prompts (returns the logits of each last token), {@link #start} with
 * a seed (chooses the first tokens), then {@link #step} once per token.
 */
public final class Qwen2Session implements AutoCloseable {
    private static final int BUCKET = 64;

    /** Recordings of prompts that are kept. */
    private static final int MOST_PASSES = 16;

    private final Device device;
    private final Qwen2 model;
    private final ModelWeights weights;
    private final ModelWeights stepWeights;
    private final @Nullable RestrictedVocabulary choices;
    private final Queue queue;
    private final Kernels kernels;
    private final Variants variants;
    private final Sampling sampling;
    private final int slots;
    private final int capacity;
    private final KvCache cache;
    private final int[] lengths;
    private final Tensor tokens;
    private final Tensor logits;
    private final Tensor random;
    private final SequenceBatch decodeBatch;
    private @Nullable Program step;

    /** Free what is held, the latest first. */
    private final Deque<Runnable> closers = new ArrayDeque<>();

    /** Where recordings pay, prompts are padded to a multiple of this, so that few serve all. */
    private final int bucket;

    private final Map<PassKey, PromptPass> passes =
            new LinkedHashMap<>(16, 0.75f, true) {
                @Override
                protected boolean removeEldestEntry(Map.Entry<PassKey, PromptPass> eldest) {
                    if (size() <= MOST_PASSES) {
                        return false;
                    }
                    queue.synchronize();
                    eldest.getValue().close();
                    return true;
                }
            };

    /**
     * @param allLogits where logits of all tokens go; null if only the last ones are wanted
     */
    private record PassKey(int tokens, @Nullable Tensor allLogits) {}

    Qwen2Session(
            Qwen2 model,
            Variants variants,
            int slots,
            int capacity,
            Sampling sampling,
            int[] forbidden,
            @Nullable RestrictedVocabulary choices) {
        this.model = model;
        this.device = model.device();
        this.variants = variants;
        this.sampling = sampling;
        this.slots = slots;
        this.capacity = capacity;
        if (slots < 1 || capacity < 1 || capacity > model.config().maxPositions()) {
            throw new IllegalArgumentException(
                    "slots "
                            + slots
                            + ", capacity "
                            + capacity
                            + ": at least 1 each, capacity at most "
                            + model.config().maxPositions());
        }
        this.choices = choices;
        this.bucket = device.asynchronous() ? BUCKET : 1;
        this.lengths = new int[slots];
        try {
            this.queue = device.newQueue();
            closers.push(queue::close);
            this.kernels = device.kernels(queue, variants);
            ModelWeights all = model.weights();
            ModelWeights prompt = choices == null ? all : choices.prompt(all);
            Tensor bias = forbidden.length == 0 ? null : headBias(forbidden, prompt.choices());
            this.weights = prompt.withHeadBias(bias);
            this.stepWeights = (choices == null ? all : choices.step(all)).withHeadBias(bias);
            this.cache =
                    device.kvCache(
                            weights.dtype(),
                            weights.layers().size(),
                            slots,
                            weights.shape(),
                            capacity);
            closers.push(cache::close);
            this.tokens = own(device.allocate(DType.I32, slots));
            // Logits of the last token stay in float32: rounding them to 16 bits would only add
            // ties.
            DType logitsType = weights.dtype() == DType.F64 ? DType.F64 : DType.F32;
            this.logits = own(device.allocate(logitsType, slots, weights.choices()));
            this.random = own(device.allocate(DType.I32, slots, 4));
            this.decodeBatch =
                    new SequenceBatch(
                            own(device.allocate(DType.I32, slots + 1)),
                            own(device.allocate(DType.I32, slots)),
                            own(device.allocate(DType.I32, slots)),
                            own(device.allocate(DType.I32, slots)));
        } catch (RuntimeException | Error e) {
            closers.forEach(Runnable::run);
            throw e;
        }
    }

    private Tensor own(Tensor t) {
        closers.push(t::close);
        return t;
    }

    private Tensor headBias(int[] forbidden, int size) {
        try (Arena arena = Arena.ofConfined()) {
            HostTensor bias = HostTensor.allocate(arena, model.dtype(), size);
            for (int token : forbidden) {
                int place = choices == null ? token : choices.place(token);
                if (place >= 0) {
                    bias.set(place, Double.NEGATIVE_INFINITY);
                }
            }
            return own(device.upload(bias, model.dtype()));
        }
    }

    /** The queue all work goes to. */
    public Queue queue() {
        return queue;
    }

    /** The kernels this session runs, in its variants. */
    public Kernels kernels() {
        return kernels;
    }

    /** Live positions of a slot. */
    public int length(int slot) {
        return lengths[slot];
    }

    /** Forgets all sequences. */
    public void reset() {
        Arrays.fill(lengths, 0);
    }

    /**
     * Feeds tokens to every slot, after what it holds (prefill, or a later chunk of it).
     *
     * @param prompts one per slot; an empty one leaves its slot as it is
     * @return {@code [slots, choices]}: logits of each slot's last token; valid until the next call
     */
    public Tensor append(List<int[]> prompts) {
        int total = total(prompts);
        int padded = (total + bucket - 1) / bucket * bucket;
        PromptPass pass = passes.computeIfAbsent(new PassKey(padded, null), this::newPass);
        pass.write(prompts, lengths);
        pass.run(
                queue,
                variants,
                kernels,
                k -> {
                    Tensor last =
                            k.scratch("session.last", weights.dtype(), slots, weights.hidden());
                    k.gatherRows(last, states(k, pass, padded), pass.batch());
                    k.linear(logits, last, weights.head(), weights.headBias());
                });
        grow(prompts);
        return logits;
    }

    /**
     * Like {@link #append}, but gives logits of all tokens, as a scoring or benchmarking forward
     * pass does.
     *
     * @param out {@code [tokens, choices]} of the model's dtype or F32
     */
    public void appendForAllLogits(List<int[]> prompts, Tensor out) {
        int total = total(prompts);
        PromptPass pass = passes.computeIfAbsent(new PassKey(total, out), this::newPass);
        pass.write(prompts, lengths);
        pass.run(
                queue,
                variants,
                kernels,
                k -> k.linear(out, states(k, pass, total), weights.head(), null));
        grow(prompts);
    }

    private Tensor states(Kernels k, PromptPass pass, int tokens) {
        Tensor states = k.scratch("session.states", weights.dtype(), tokens, weights.hidden());
        k.forward(weights, states, pass.ids(), pass.batch(), cache);
        return states;
    }

    /** The number of tokens of valid prompts. */
    private int total(List<int[]> prompts) {
        if (prompts.size() != slots) {
            throw new IllegalArgumentException(prompts.size() + " prompts for " + slots + " slots");
        }
        int total = 0;
        for (int b = 0; b < slots; b++) {
            int[] prompt = prompts.get(b);
            if (lengths[b] + prompt.length > capacity) {
                throw new BackendException(
                        "the sequence in slot "
                                + b
                                + " would grow to "
                                + (lengths[b] + prompt.length)
                                + " tokens; its cache holds "
                                + capacity);
            }
            for (int id : prompt) {
                if (id < 0 || id >= weights.vocabulary()) {
                    throw new IllegalArgumentException(
                            "token id "
                                    + id
                                    + " is outside the vocabulary of "
                                    + weights.vocabulary());
                }
            }
            total += prompt.length;
        }
        if (total == 0) {
            throw new IllegalArgumentException("no tokens to feed");
        }
        return total;
    }

    private PromptPass newPass(PassKey key) {
        return new PromptPass(device, slots, key.tokens);
    }

    private void grow(List<int[]> prompts) {
        for (int b = 0; b < slots; b++) {
            lengths[b] += prompts.get(b).length;
        }
    }

    private void write(Tensor t, int... values) {
        try (Arena arena = Arena.ofConfined()) {
            device.write(t, HostTensor.ofInts(arena, values).data());
        }
    }

    private int[] chosen() {
        try (Arena arena = Arena.ofConfined()) {
            int[] ids = device.download(tokens, arena).toInts();
            RestrictedVocabulary among = choices;
            return among == null ? ids : Arrays.stream(ids).map(among::id).toArray();
        }
    }

    /**
     * Chooses the first token of every sequence from the logits of the last {@link #append}, and
     * readies the decode step.
     *
     * @param seed of the draws; sequence {@code b} draws from stream {@code b}
     * @return the tokens, one per slot
     */
    public int[] start(long seed) {
        int[] state = new int[4 * slots];
        int[] offsets = new int[slots + 1];
        int[] slot = new int[slots];
        for (int b = 0; b < slots; b++) {
            state[4 * b] = (int) seed;
            state[4 * b + 1] = (int) (seed >>> 32);
            state[4 * b + 2] = b;
            offsets[b + 1] = b + 1;
            slot[b] = lengths[b] == 0 ? -1 : b;
        }
        write(random, state);
        write(decodeBatch.tokenOffsets(), offsets);
        write(decodeBatch.positions(), lengths);
        write(decodeBatch.cacheLength(), lengths);
        write(decodeBatch.slot(), slot);
        kernels.sample(tokens, logits, sampling, random);
        return chosen();
    }

    /**
     * Queues one decode step: feeds the tokens chosen last and chooses the next ones, without a
     * host round trip.
     *
     * @throws BackendException when a sequence has no room left
     */
    public void queueStep() {
        for (int b = 0; b < slots; b++) {
            if (lengths[b] >= capacity) {
                throw new BackendException(
                        "the sequence in slot "
                                + b
                                + " fills its cache of "
                                + capacity
                                + " tokens");
            }
        }
        Program p = step;
        if (p == null) {
            // Recording runs the step once eagerly: that run is this step.
            StepState state = new StepState(tokens, decodeBatch, cache, logits, sampling, random);
            p = device.record(queue, variants, k -> k.decodeStep(stepWeights, state));
            step = p;
        } else {
            p.replay();
        }
        for (int b = 0; b < slots; b++) {
            lengths[b] += lengths[b] == 0 ? 0 : 1;
        }
    }

    /** {@link #queueStep}, then waits and reads the tokens chosen, one per slot. */
    public int[] step() {
        queueStep();
        queue.synchronize();
        return chosen();
    }

    /** {@code [slots, choices]}: the logits the last tokens were chosen from. */
    public Tensor logits() {
        return logits;
    }

    /**
     * Prompts in, continuations out, from an empty cache.
     *
     * @param seed of the draws
     * @param maxNewTokens at most this many per sequence
     * @param stopToken ends a sequence and is not part of it; negative for none
     */
    public List<int[]> generate(List<int[]> prompts, long seed, int maxNewTokens, int stopToken) {
        reset();
        append(prompts);
        List<int[]> out = new ArrayList<>();
        int[] counts = new int[slots];
        boolean[] done = new boolean[slots];
        for (int b = 0; b < slots; b++) {
            out.add(new int[maxNewTokens]);
        }
        int[] next = start(seed);
        for (int n = 0; n < maxNewTokens; n++) {
            boolean running = false;
            for (int b = 0; b < slots; b++) {
                done[b] |= next[b] == stopToken;
                if (!done[b]) {
                    out.get(b)[counts[b]++] = next[b];
                    running = true;
                }
            }
            if (!running || n + 1 == maxNewTokens) {
                break;
            }
            next = step();
        }
        for (int b = 0; b < slots; b++) {
            out.set(b, Arrays.copyOf(out.get(b), counts[b]));
        }
        return out;
    }

    /** The model. */
    public Qwen2 model() {
        return model;
    }

    @Override
    public void close() {
        queue.synchronize();
        if (step != null) {
            step.close();
        }
        passes.values().forEach(PromptPass::close);
        closers.forEach(Runnable::run);
    }
}
