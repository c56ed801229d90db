package io.sparktts.contract;

import io.sparktts.backend.DType;
import io.sparktts.backend.KvCache;
import io.sparktts.backend.ModelWeights;
import io.sparktts.backend.Op;
import io.sparktts.backend.Sampling;
import io.sparktts.backend.SequenceBatch;
import io.sparktts.backend.StepState;
import io.sparktts.backend.Tensor;

import tools.jackson.databind.JsonNode;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Golden checks of the language model: hidden states, logits and greedy continuations of a tiny
 * checkpoint.
 */
final class GoldenLlm {
    private static final List<Op> OPS =
            List.of(
                    Op.EMBEDDING,
                    Op.DECODER_LAYER,
                    Op.RMS_NORM,
                    Op.LINEAR,
                    Op.FORWARD,
                    Op.DECODE_STEP);

    private final Path checkpoint;
    private final Path tensors;
    private final DType dtype;
    private final DType judgedAs;

    /**
     * @param dtype compute dtype
     * @param judgedAs the coarser of the dtypes of this run and of the golden one
     */
    private GoldenLlm(Path checkpoint, Path tensors, DType dtype, DType judgedAs) {
        this.checkpoint = checkpoint;
        this.tensors = tensors;
        this.dtype = dtype;
        this.judgedAs = judgedAs;
    }

    /** A comparison with a model of one or the other kind of rotary table. */
    private interface ModelCheck {
        void run(Bench bench, boolean roundedFrequencies, Comparison.Builder comparison);
    }

    static List<GoldenCheck> all(Path directory) {
        Path jsonPath = directory.resolve("llm/llm_golden.json");
        JsonNode json = GoldenFile.json(jsonPath);
        Path f32 = directory.resolve("llm/llm_golden.safetensors");
        Path bf16 = directory.resolve("llm/llm_bf16_golden.safetensors");
        Path tiny = directory.resolve("tiny_ckpt/LLM");
        Path stored = directory.resolve("llm_bf16");
        JsonNode bf16Json = GoldenFile.member(json, "bf16", jsonPath);
        List<GoldenCheck> checks = new ArrayList<>();
        for (DType d : List.of(DType.F64, DType.F32)) {
            GoldenLlm wide = new GoldenLlm(tiny, f32, d, DType.F32);
            GoldenFile.member(json, "sequences", jsonPath)
                    .propertyNames()
                    .forEach(
                            name ->
                                    checks.add(
                                            wide.check(
                                                    "llm " + name,
                                                    (b, c) -> wide.states(b, name, c))));
            GoldenFile.member(json, "greedy", jsonPath)
                    .properties()
                    .forEach(
                            e ->
                                    checks.add(
                                            wide.check(
                                                    "llm greedy " + e.getKey(),
                                                    (b, c) ->
                                                            wide.greedy(
                                                                    b, e.getValue(), false, c))));
            GoldenLlm widened = new GoldenLlm(stored, bf16, d, DType.F32);
            GoldenFile.member(bf16Json, "cases", jsonPath)
                    .propertyNames()
                    .forEach(
                            name ->
                                    checks.add(
                                            widened.either(
                                                    "llm_bf16 " + name + " in wide arithmetic",
                                                    (b, rounded, c) ->
                                                            widened.lastLogits(
                                                                    b,
                                                                    name,
                                                                    "logits_f32_arithmetic_last6",
                                                                    rounded,
                                                                    c))));
            if (bf16Json.has("greedy")) {
                bf16Json.get("greedy")
                        .properties()
                        .forEach(
                                e ->
                                        checks.add(
                                                widened.either(
                                                        "llm_bf16 greedy " + e.getKey(),
                                                        (b, rounded, c) ->
                                                                widened.greedy(
                                                                        b,
                                                                        e.getValue(),
                                                                        rounded,
                                                                        c))));
            }
        }
        GoldenLlm narrow = new GoldenLlm(stored, bf16, DType.BF16, DType.BF16);
        GoldenFile.member(bf16Json, "cases", jsonPath)
                .propertyNames()
                .forEach(
                        name ->
                                checks.add(
                                        narrow.either(
                                                "llm_bf16 " + name + " in bf16 arithmetic",
                                                (b, rounded, c) ->
                                                        narrow.lastLogits(
                                                                b,
                                                                name,
                                                                "logits_bf16_arithmetic_last6",
                                                                rounded,
                                                                c))));
        return checks;
    }

    private GoldenCheck check(String name, GoldenCheck.Body body) {
        return new GoldenCheck(name + " " + dtype.id(), dtype, OPS, body);
    }

    /**
     * PyTorch code makes a bfloat16 model in two ways: loaded in that dtype it keeps float32
     * inverse frequencies, converted as a whole it rounds them too. The files do not say which, and
     * both are right; the first is what the published code does and what this project runs.
     */
    private GoldenCheck either(String name, ModelCheck check) {
        return check(
                name,
                (b, c) -> {
                    Comparison.Builder kept = new Comparison.Builder();
                    check.run(b, false, kept);
                    if (kept.build().passed()) {
                        c.include(kept.build());
                        return;
                    }
                    Comparison.Builder rounded = new Comparison.Builder();
                    check.run(b, true, rounded);
                    c.include(rounded.build().passed() ? rounded.build() : kept.build());
                });
    }

    /** Prompts of equal length, packed. */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    private record Prompt(int[] ids, Sequences sequences) {
        static Prompt read(GoldenFile f, String name) {
            long[] shape = f.shape(name + ".input_ids");
            return new Prompt(
                    f.ints(name + ".input_ids"),
                    Sequences.uniform((int) shape[0], 0, (int) shape[1]));
        }
    }

    private KvCache cache(Bench b, ModelWeights m, Sequences s, int capacity) {
        KvCache cache =
                b.own(b.device.kvCache(dtype, m.layers().size(), s.slots(), m.shape(), capacity));
        cache.fill(Double.NaN);
        return cache;
    }

    /** Embedding, every layer, final norm and logits of all positions. */
    private void states(Bench b, String name, Comparison.Builder c) {
        try (GoldenFile f = GoldenFile.open(tensors)) {
            Prompt p = Prompt.read(f, name);
            int tokens = p.ids.length;
            ModelWeights m = GoldenModel.load(b, checkpoint, dtype, p.sequences.longest(), false);
            SequenceBatch batch = b.batch(p.sequences);
            KvCache cache = cache(b, m, p.sequences, p.sequences.longest());
            Tensor ids = b.ints(p.ids);
            Tensor hidden = b.output(dtype, tokens, m.hidden());
            Tensor normed = b.output(dtype, tokens, m.hidden());
            Tensor logits = b.output(logitsType(), tokens, m.vocabulary());
            b.kernels.embedding(hidden, ids, m.embedding());
            judge(b, f, hidden, name + ".hidden.embed", c);
            for (int l = 0; l < m.layers().size(); l++) {
                b.kernels.decoderLayer(m, l, hidden, batch, cache);
                judge(b, f, hidden, name + ".hidden.layer" + l, c);
            }
            b.kernels.rmsNorm(normed, hidden, m.finalNorm(), m.rmsNormEpsilon());
            judge(b, f, normed, name + ".hidden.final_norm", c);
            b.kernels.linear(logits, normed, m.head(), null);
            judge(b, f, logits, name + ".logits", c);
        }
    }

    private DType logitsType() {
        return dtype == DType.F64 ? DType.F64 : DType.F32;
    }

    private void judge(Bench b, GoldenFile f, Tensor actual, String name, Comparison.Builder c) {
        double[] truth = f.values(name);
        b.compare(actual, truth, judgedAs, actual.columns(), b.tolerance(Op.FORWARD), 1, name, c);
    }

    /** Logits of the last positions only. */
    private void lastLogits(
            Bench b, String name, String what, boolean roundedFrequencies, Comparison.Builder c) {
        try (GoldenFile f = GoldenFile.open(tensors)) {
            Prompt p = Prompt.read(f, name);
            int tokens = p.ids.length;
            ModelWeights m =
                    GoldenModel.load(
                            b, checkpoint, dtype, p.sequences.longest(), roundedFrequencies);
            Tensor normed = b.output(dtype, tokens, m.hidden());
            b.kernels.forward(
                    m,
                    normed,
                    b.ints(p.ids),
                    b.batch(p.sequences),
                    cache(b, m, p.sequences, p.sequences.longest()));
            int last = (int) f.shape(name + "." + what)[1];
            Tensor logits = b.output(logitsType(), last, m.vocabulary());
            Tensor end = normed.view((long) (tokens - last) * m.hidden(), last, m.hidden());
            b.kernels.linear(logits, end, m.head(), null);
            judge(b, f, logits, name + "." + what, c);
        }
    }

    /**
     * A continuation by prefill and decode steps over the cache: every token has to be the
     * published one.
     */
    private void greedy(
            Bench b, JsonNode golden, boolean roundedFrequencies, Comparison.Builder c) {
        int[] prompt = ints(golden.get("prompt"));
        int[] expected = ints(golden.get("new_ids"));
        int capacity = prompt.length + expected.length;
        ModelWeights m = GoldenModel.load(b, checkpoint, dtype, capacity, roundedFrequencies);
        Sequences first = Sequences.uniform(1, 0, prompt.length);
        SequenceBatch prefill = b.batch(first);
        KvCache cache = cache(b, m, first, capacity);
        Tensor normed = b.output(dtype, prompt.length, m.hidden());
        Tensor last = b.output(dtype, 1, m.hidden());
        Tensor logits = b.output(logitsType(), 1, m.vocabulary());
        Tensor token = b.ints(0);
        b.kernels.forward(m, normed, b.ints(prompt), prefill, cache);
        b.kernels.gatherRows(last, normed, prefill);
        b.kernels.linear(logits, last, m.head(), null);
        b.kernels.argmax(token, logits);
        SequenceBatch step = b.batch(Sequences.uniform(1, prompt.length, 1));
        Tensor random = b.upload(DType.I32, new double[4], 1, 4);
        StepState state = new StepState(token, step, cache, logits, Sampling.GREEDY, random);
        for (int i = 0; i < expected.length; i++) {
            int actual = (int) b.read(token)[0];
            c.element(actual, expected[i], 0, "token", i);
            if (actual != expected[i]) {
                return;
            }
            if (i + 1 < expected.length) {
                b.kernels.decodeStep(m, state);
            }
        }
    }

    private static int[] ints(JsonNode array) {
        int[] out = new int[array.size()];
        Arrays.setAll(out, i -> array.get(i).asInt());
        return out;
    }
}
