package io.sparktts.contract;

import io.sparktts.backend.AttentionShape;
import io.sparktts.backend.DType;
import io.sparktts.backend.HostTensor;
import io.sparktts.backend.KvCache;
import io.sparktts.backend.Op;
import io.sparktts.backend.Sampling;
import io.sparktts.backend.Tensor;
import io.sparktts.backend.WeightRole;
import io.sparktts.oracle.SamplingOracle;

import tools.jackson.databind.JsonNode;

import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** Golden checks of single operations: {@code ops} and {@code sampling}. */
final class GoldenOps {
    private static final double RMS_EPSILON = 1e-6;

    private GoldenOps() {}

    /** One operation's comparison; {@code key} is {@code dtype.name} in the file. */
    private interface OpCheck {
        void run(GoldenFile file, String key, DType dtype, Bench bench, Comparison.Builder c);
    }

    private record Entry(Op op, OpCheck check) {}

    private static final Map<String, Entry> CHECKS =
            Map.of(
                    "rmsnorm", new Entry(Op.RMS_NORM, GoldenOps::rmsNorm),
                    "linear", new Entry(Op.LINEAR, GoldenOps::linear),
                    "swiglu", new Entry(Op.MLP, GoldenOps::mlp),
                    "gqa_prefill", new Entry(Op.ATTENTION, GoldenOps::attention),
                    "gqa_decode", new Entry(Op.ATTENTION, GoldenOps::attention),
                    "gqa_chunk", new Entry(Op.ATTENTION, GoldenOps::attention),
                    "rope_q", new Entry(Op.ROTARY, GoldenOps::rotary),
                    "rope_k", new Entry(Op.ROTARY, GoldenOps::rotary),
                    "softmax", new Entry(Op.SOFTMAX, GoldenOps::softmax),
                    "silu", new Entry(Op.SILU_MUL, GoldenOps::silu));

    /** Everything in {@code ops} that the language model uses. */
    static List<GoldenCheck> ops(Path directory) {
        Path path = directory.resolve("ops/ops_golden.safetensors");
        List<GoldenCheck> checks = new ArrayList<>();
        try (GoldenFile file = GoldenFile.open(path)) {
            for (DType dtype : List.of(DType.F32, DType.F16, DType.BF16)) {
                CHECKS.entrySet().stream()
                        .sorted(Map.Entry.comparingByKey())
                        .forEach(
                                e -> {
                                    String key = dtype.id() + "." + e.getKey();
                                    if (file.has(key + ".truth")) {
                                        Op op = e.getValue().op;
                                        checks.add(
                                                new GoldenCheck(
                                                        "ops " + key,
                                                        dtype,
                                                        List.of(op),
                                                        (bench, c) -> {
                                                            try (GoldenFile f =
                                                                    GoldenFile.open(path)) {
                                                                e.getValue()
                                                                        .check
                                                                        .run(
                                                                                f, key, dtype,
                                                                                bench, c);
                                                            }
                                                        }));
                                    } else if (dtype == DType.F32) {
                                        throw new GoldenException(
                                                "golden file "
                                                        + path
                                                        + " lacks the tensor '"
                                                        + key
                                                        + ".truth'");
                                    }
                                });
            }
        }
        return checks;
    }

    private static void rmsNorm(GoldenFile f, String key, DType d, Bench b, Comparison.Builder c) {
        HostTensor x = f.tensor(key + ".in.x");
        Tensor out = b.output(d, x.shape());
        b.kernels.rmsNorm(
                out, b.upload(x, d), b.upload(f.tensor(key + ".in.weight"), d), RMS_EPSILON);
        b.compare(
                out,
                f.values(key + ".truth"),
                d,
                out.columns(),
                b.tolerance(Op.RMS_NORM),
                out.columns(),
                key,
                c);
    }

    private static void linear(GoldenFile f, String key, DType d, Bench b, Comparison.Builder c) {
        HostTensor x = f.tensor(key + ".in.x");
        HostTensor w = f.tensor(key + ".in.weight");
        Tensor out = b.output(d, x.dim(0), w.dim(0));
        b.kernels.linear(
                out,
                b.upload(x, d),
                b.weight(WeightRole.LINEAR, d, w),
                b.upload(f.tensor(key + ".in.bias"), d));
        b.compare(
                out,
                f.values(key + ".truth"),
                d,
                out.columns(),
                b.tolerance(Op.LINEAR),
                w.dim(1),
                key,
                c);
    }

    private static void mlp(GoldenFile f, String key, DType d, Bench b, Comparison.Builder c) {
        HostTensor x = f.tensor(key + ".in.x");
        HostTensor down = f.tensor(key + ".in.down_proj");
        Tensor out = b.output(d, x.shape());
        b.kernels.mlp(
                out,
                b.upload(x, d),
                b.weight(
                        WeightRole.GATE_UP,
                        d,
                        f.tensor(key + ".in.gate_proj"),
                        f.tensor(key + ".in.up_proj")),
                b.weight(WeightRole.LINEAR, d, down));
        long k = down.dim(0) + down.dim(1);
        b.compare(out, f.values(key + ".truth"), d, out.columns(), b.tolerance(Op.MLP), k, key, c);
    }

    private static void softmax(GoldenFile f, String key, DType d, Bench b, Comparison.Builder c) {
        HostTensor x = f.tensor(key + ".in.x");
        Tensor out = b.output(d, x.shape());
        b.kernels.softmax(out, b.upload(x, d));
        b.compare(
                out,
                f.values(key + ".truth"),
                d,
                out.columns(),
                b.tolerance(Op.SOFTMAX),
                out.columns(),
                key,
                c);
    }

    /** {@code silu(x) * 1}. */
    private static void silu(GoldenFile f, String key, DType d, Bench b, Comparison.Builder c) {
        double[] x = f.values(key + ".in.x");
        double[] gateUp = Arrays.copyOf(x, 2 * x.length);
        Arrays.fill(gateUp, x.length, gateUp.length, 1);
        Tensor out = b.output(d, 1, x.length);
        b.kernels.siluMul(out, b.upload(d, gateUp, 1, gateUp.length));
        b.compare(out, f.values(key + ".truth"), d, x.length, b.tolerance(Op.SILU_MUL), 1, key, c);
    }

    /**
     * Queries {@code [1, heads, tokens, d]}, keys and values {@code [1, kvHeads, positions, d]},
     * rotated already.
     */
    private static void attention(
            GoldenFile f, String key, DType d, Bench b, Comparison.Builder c) {
        HostTensor q = f.tensor(key + ".in.q");
        HostTensor k = f.tensor(key + ".in.k");
        HostTensor v = f.tensor(key + ".in.v");
        AttentionShape shape = new AttentionShape((int) q.dim(1), (int) k.dim(1), (int) q.dim(3));
        int fresh = (int) q.dim(2);
        int all = (int) k.dim(2);
        int past = all - fresh;
        double[] rows = new double[all * shape.qkvWidth()];
        Arrays.fill(rows, Double.NaN);
        for (int p = 0; p < all; p++) {
            int row = p * shape.qkvWidth();
            if (p >= past) {
                copyHeads(q, p - past, rows, row);
            }
            copyHeads(k, p, rows, row + shape.queryWidth());
            copyHeads(v, p, rows, row + shape.queryWidth() + shape.kvHeads() * shape.headDim());
        }
        KvCache cache = b.own(b.device.kvCache(d, 1, 1, shape, all + 1));
        cache.fill(Double.NaN);
        Tensor qkv = b.upload(d, rows, all, shape.qkvWidth());
        if (past > 0) {
            Tensor before = qkv.view(0, past, shape.qkvWidth());
            b.kernels.cacheWrite(cache, 0, before, shape, b.batch(Sequences.uniform(1, 0, past)));
        }
        Tensor step = qkv.view((long) past * shape.qkvWidth(), fresh, shape.qkvWidth());
        var batch = b.batch(Sequences.uniform(1, past, fresh));
        Tensor out = b.output(d, fresh, shape.queryWidth());
        b.kernels.cacheWrite(cache, 0, step, shape, batch);
        b.kernels.attention(out, step, cache, 0, shape, batch);
        long terms = (long) all + shape.headDim();
        b.compare(
                out,
                f.values(key + ".truth"),
                d,
                shape.queryWidth(),
                b.tolerance(Op.ATTENTION),
                terms,
                key,
                c);
    }

    /** The heads of position {@code p} of {@code [1, heads, positions, d]}, one after the other. */
    private static void copyHeads(HostTensor t, int p, double[] rows, int at) {
        int d = (int) t.dim(3);
        for (int h = 0; h < t.dim(1); h++) {
            for (int i = 0; i < d; i++) {
                rows[at + h * d + i] = t.get((h * t.dim(2) + p) * d + i);
            }
        }
    }

    /**
     * The kernel's own arithmetic: the truth's cosines and sines go in, so that the float32 angles
     * of the published code, which differ at large positions, are not judged here.
     */
    private static void rotary(GoldenFile f, String key, DType d, Bench b, Comparison.Builder c) {
        HostTensor x = f.tensor(key + ".in.x");
        HostTensor truth = f.tensor(key + ".truth");
        int heads = (int) x.dim(1);
        int tokens = (int) x.dim(2);
        int headDim = (int) x.dim(3);
        AttentionShape shape = new AttentionShape(heads, 1, headDim);
        int half = headDim / 2;
        Tensor cos =
                b.upload(
                        DType.F32,
                        firstHalf(f.values("f32.rope.truth_cos"), headDim),
                        tokens,
                        half);
        Tensor sin =
                b.upload(
                        DType.F32,
                        firstHalf(f.values("f32.rope.truth_sin"), headDim),
                        tokens,
                        half);
        double[] rows = new double[tokens * shape.qkvWidth()];
        double[] expected = new double[tokens * shape.queryWidth()];
        for (int t = 0; t < tokens; t++) {
            copyHeads(x, t, rows, t * shape.qkvWidth());
            copyHeads(truth, t, expected, t * shape.queryWidth());
        }
        Tensor qkv = b.upload(d, rows, tokens, shape.qkvWidth());
        int[] positions = new int[tokens];
        Arrays.setAll(positions, i -> i);
        b.kernels.rotary(qkv, shape, b.ints(positions), cos, sin);
        for (int t = 0; t < tokens; t++) {
            Tensor row = qkv.view((long) t * shape.qkvWidth(), shape.queryWidth());
            double[] e =
                    Arrays.copyOfRange(
                            expected, t * shape.queryWidth(), (t + 1) * shape.queryWidth());
            b.compare(row, e, d, e.length, b.tolerance(Op.ROTARY), 1, key + " token " + t, c);
        }
    }

    /** The published code repeats each angle in both halves of a head. */
    private static double[] firstHalf(double[] table, int d) {
        double[] out = new double[table.length / 2];
        for (int i = 0; i < out.length; i++) {
            out[i] = table[i / (d / 2) * d + i % (d / 2)];
        }
        return out;
    }

    /** Probabilities of every setting, and the draws that the file lists. */
    static List<GoldenCheck> sampling(Path directory) {
        Path path = directory.resolve("sampling/sampling_golden.safetensors");
        Path jsonPath = directory.resolve("sampling/sampling_golden.json");
        JsonNode json = GoldenFile.json(jsonPath);
        List<GoldenCheck> checks = new ArrayList<>();
        for (JsonNode setting : GoldenFile.member(json, "settings", jsonPath)) {
            int index = GoldenFile.member(setting, "index", jsonPath).asInt();
            Sampling s =
                    Sampling.of(
                            GoldenFile.member(setting, "temperature", jsonPath).asDouble(),
                            GoldenFile.member(setting, "top_k", jsonPath).asInt(),
                            GoldenFile.member(setting, "top_p", jsonPath).asDouble());
            String name = String.format(java.util.Locale.ROOT, "probs_%02d", index);
            checks.add(
                    new GoldenCheck(
                            "sampling " + name,
                            DType.F32,
                            List.of(Op.SAMPLING_PROBABILITIES),
                            (bench, c) -> {
                                try (GoldenFile f = GoldenFile.open(path);
                                        Arena arena = Arena.ofConfined()) {
                                    setting(f, name, json, setting, s, bench, arena, c);
                                }
                            }));
        }
        return checks;
    }

    private static void setting(
            GoldenFile f,
            String name,
            JsonNode json,
            JsonNode setting,
            Sampling s,
            Bench b,
            Arena arena,
            Comparison.Builder c) {
        HostTensor logits = f.tensor("logits");
        HostTensor truth = f.tensor(name);
        int n = (int) logits.dim(1);
        Tensor out = b.output(DType.F32, logits.shape());
        b.kernels.samplingProbabilities(out, b.upload(logits, DType.F32), s);
        HostTensor actual = b.device.download(out, arena);
        for (int row = 0; row < logits.dim(0); row++) {
            SamplingCheck.probabilities(actual, row, MatrixWorkloads.row(logits, row), s, c);
            JsonNode flags = setting.get("rows").get(row);
            double[] t = MatrixWorkloads.row(truth, row);
            boolean arbitrary =
                    flags.get("tie_across_top_p_boundary").asBoolean()
                            || flags.get("top_p_margin_tiny").asBoolean()
                            || splitsEquals(MatrixWorkloads.row(logits, row), t);
            if (!arbitrary) {
                Fixture.judge(
                        actual,
                        (long) row * n,
                        new Fixture.Truth(t),
                        Tolerance.PROBABILITIES,
                        n,
                        name,
                        c);
                String rowName = flags.get("row").asString();
                for (JsonNode draw : json.get("inverse_cdf")) {
                    if (draw.get("setting").asInt() == setting.get("index").asInt()
                            && draw.get("row").asString().equals(rowName)) {
                        draws(draw, MatrixWorkloads.row(actual, row), c);
                    }
                }
            }
        }
    }

    /**
     * Whether of some equal logits a part was kept and a part cut; then the choice is a matter of
     * the sort.
     */
    private static boolean splitsEquals(double[] logits, double[] probabilities) {
        double least = Double.POSITIVE_INFINITY;
        double most = Double.NEGATIVE_INFINITY;
        for (int i = 0; i < logits.length; i++) {
            if (probabilities[i] > 0) {
                least = Math.min(least, logits[i]);
            } else {
                most = Math.max(most, logits[i]);
            }
        }
        return least == most;
    }

    private static void draws(JsonNode draw, double[] probabilities, Comparison.Builder c) {
        for (int i = 0; i < draw.get("u").size(); i++) {
            double u = draw.get("u").get(i).asDouble();
            int expected = draw.get("token_in_index_order").get(i).asInt();
            int token = SamplingOracle.draw(probabilities, u);
            double above = Arrays.stream(probabilities, 0, Math.min(token, expected) + 1).sum();
            if (token != expected && Math.abs(above - u) > 1e-6) {
                c.fail("a draw of " + u + " gives " + token + ", not " + expected);
            }
        }
    }
}
