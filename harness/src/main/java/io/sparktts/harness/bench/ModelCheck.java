package io.sparktts.harness.bench;

import io.sparktts.backend.AttentionShape;
import io.sparktts.backend.DType;
import io.sparktts.backend.Device;
import io.sparktts.backend.HostTensor;
import io.sparktts.backend.Op;
import io.sparktts.backend.Sampling;
import io.sparktts.backend.Tensor;
import io.sparktts.backend.Variants;
import io.sparktts.contract.Comparison;
import io.sparktts.contract.Tolerance;
import io.sparktts.model.Qwen2;
import io.sparktts.model.Qwen2Config;
import io.sparktts.model.Qwen2Session;
import io.sparktts.model.RotaryTable;
import io.sparktts.model.SyntheticWeights;
import io.sparktts.model.WeightSource;
import io.sparktts.oracle.ModelOracle;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;

/**
 * Compares a pass of a two-layer model of the true width with the float64 oracle: a prompt with
 * logits of all tokens, then decode steps. The oracle of all layers at full vocabulary would take
 * minutes.
 */
final class ModelCheck {
    private static final int LAYERS = 2;
    private static final int VOCABULARY = 2048;
    private static final int POSITIONS = 64;
    private static final int PROMPT = 5;
    private static final int STEPS = 3;

    /**
     * What came out.
     *
     * @param comparison of the logits
     * @param divergence the largest Kullback-Leibler divergence of next-token probabilities, in
     *     nats
     * @param truth what was compared with
     */
    record Result(Comparison comparison, double divergence, String truth) {}

    private ModelCheck() {}

    static Result run(
            Device device, Qwen2Config full, DType dtype, Variants variants, String variant) {
        Qwen2Config c =
                new Qwen2Config(
                        full.hiddenSize(),
                        Math.min(LAYERS, full.layers()),
                        full.heads(),
                        full.kvHeads(),
                        full.headDim(),
                        full.intermediateSize(),
                        Math.min(VOCABULARY, full.vocabSize()),
                        POSITIONS,
                        full.rmsNormEps(),
                        full.ropeTheta(),
                        true,
                        -1,
                        -1);
        WeightSource source = new SyntheticWeights(c, Models.SEED);
        int[] prompt = new Random(Models.SEED).ints(PROMPT, 0, c.vocabSize()).toArray();
        List<double[]> rows = new ArrayList<>();
        int[] fed = Arrays.copyOf(prompt, PROMPT + STEPS);
        try (Qwen2 model = Qwen2.load(device, c, source, dtype);
                Qwen2Session session = model.session(variants, 1, POSITIONS, Sampling.GREEDY);
                Tensor all = device.allocate(dtype, PROMPT, c.vocabSize())) {
            session.appendForAllLogits(List.of(prompt), all);
            double[] logits = read(device, all);
            for (int t = 0; t < PROMPT; t++) {
                rows.add(Arrays.copyOfRange(logits, t * c.vocabSize(), (t + 1) * c.vocabSize()));
            }
            // The prompt again, for the logits of its last token, which the first choice is made
            // from.
            session.reset();
            session.append(List.of(prompt));
            int[] next = session.start(1);
            for (int s = 0; s < STEPS; s++) {
                fed[PROMPT + s] = next[0];
                next = session.step();
                rows.add(read(device, session.logits()));
            }
        }
        return compare(oracle(c, source, dtype), fed, rows, dtype, variant, label(c));
    }

    private static String label(Qwen2Config c) {
        return "oracle float64, "
                + c.layers()
                + "-layer model of the same width, vocabulary "
                + c.vocabSize();
    }

    private static Result compare(
            ModelOracle oracle,
            int[] fed,
            List<double[]> rows,
            DType dtype,
            String variant,
            String label) {
        Comparison.Builder comparison = new Comparison.Builder();
        Tolerance tolerance = Tolerance.of(Op.FORWARD, variant);
        ModelOracle.Past past = new ModelOracle.Past();
        double divergence = 0;
        for (int t = 0; t < fed.length; t++) {
            double[] truth = oracle.logits(oracle.forward(fed[t], past, t));
            double[] actual = rows.get(t);
            double scale = Arrays.stream(truth).map(Math::abs).max().orElse(0);
            for (int i = 0; i < truth.length; i++) {
                double bound = tolerance.bound(dtype, truth[i], scale, 1);
                comparison.element(actual[i], truth[i], bound, "logits of token " + t, i);
            }
            divergence = Math.max(divergence, divergence(truth, actual));
        }
        return new Result(comparison.build(), divergence, label);
    }

    /** Kullback-Leibler divergence of the softmaxes. */
    static double divergence(double[] truth, double[] actual) {
        double a = logSum(truth);
        double b = logSum(actual);
        double sum = 0;
        for (int i = 0; i < truth.length; i++) {
            double logP = truth[i] - a;
            sum += Math.exp(logP) * (logP - (actual[i] - b));
        }
        return Math.max(0, sum);
    }

    private static double logSum(double[] x) {
        double max = Arrays.stream(x).max().orElse(0);
        return max + Math.log(Arrays.stream(x).map(v -> Math.exp(v - max)).sum());
    }

    private static double[] read(Device device, Tensor t) {
        try (Arena arena = Arena.ofConfined()) {
            return device.download(t, arena).toDoubles();
        }
    }

    private static ModelOracle oracle(Qwen2Config c, WeightSource source, DType dtype) {
        List<ModelOracle.Layer> layers = new ArrayList<>();
        for (int l = 0; l < c.layers(); l++) {
            String p = "model.layers." + l + ".";
            String a = p + "self_attn.";
            layers.add(
                    new ModelOracle.Layer(
                            rounded(source, dtype, p + "input_layernorm.weight"),
                            rounded(
                                    source,
                                    dtype,
                                    a + "q_proj.weight",
                                    a + "k_proj.weight",
                                    a + "v_proj.weight"),
                            rounded(
                                    source,
                                    dtype,
                                    a + "q_proj.bias",
                                    a + "k_proj.bias",
                                    a + "v_proj.bias"),
                            rounded(source, dtype, a + "o_proj.weight"),
                            rounded(source, dtype, p + "post_attention_layernorm.weight"),
                            rounded(
                                    source,
                                    dtype,
                                    p + "mlp.gate_proj.weight",
                                    p + "mlp.up_proj.weight"),
                            rounded(source, dtype, p + "mlp.down_proj.weight")));
        }
        double[] table = rounded(source, dtype, "model.embed_tokens.weight");
        return new ModelOracle(
                new AttentionShape(c.heads(), c.kvHeads(), c.headDim()),
                c.rmsNormEps(),
                table,
                layers,
                rounded(source, dtype, "model.norm.weight"),
                table,
                widen(RotaryTable.cos(c.maxPositions(), c.headDim(), c.ropeTheta())),
                widen(RotaryTable.sin(c.maxPositions(), c.headDim(), c.ropeTheta())));
    }

    /** The weights as the device has them: rounded once to the dtype, and joined. */
    private static double[] rounded(WeightSource source, DType dtype, String... names) {
        return Stream.of(names)
                .map(name -> rounded(source, dtype, name))
                .flatMapToDouble(Arrays::stream)
                .toArray();
    }

    private static double[] rounded(WeightSource source, DType dtype, String name) {
        try (Arena arena = Arena.ofShared()) {
            HostTensor t = source.tensor(name, arena);
            double[] values = t.toDoubles();
            for (int i = 0; i < values.length; i++) {
                values[i] =
                        switch (dtype) {
                            case F64 -> values[i];
                            case F32 -> (float) values[i];
                            case F16 -> Float.float16ToFloat(DType.doubleToF16(values[i]));
                            case BF16 -> DType.bf16ToFloat(DType.doubleToBf16(values[i]));
                            case I32 ->
                                    throw new IllegalArgumentException(
                                            "a model does not compute in i32");
                        };
            }
            return values;
        }
    }

    private static double[] widen(float[] x) {
        double[] wide = new double[x.length];
        Arrays.setAll(wide, i -> x[i]);
        return wide;
    }
}
