package io.sparktts.contract;

import io.sparktts.backend.Activation;
import io.sparktts.backend.AttentionShape;
import io.sparktts.backend.Conv1d;
import io.sparktts.backend.ConvTranspose1d;
import io.sparktts.backend.DType;
import io.sparktts.backend.Device;
import io.sparktts.backend.Op;
import io.sparktts.backend.Sampling;
import io.sparktts.backend.WeightRole;
import io.sparktts.contract.ContractCase.Mode;
import io.sparktts.contract.RowWorkloads.Target;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/** The list of contract cases. Sizes are awkward on purpose: around powers of two, primes, one. */
public final class ContractCases {
    private static final int[] SIZES = {1, 3, 13, 63, 64, 65, 123, 896, 1000, 1021, 2048};
    private static final List<Target> TARGETS = List.of(Target.values());
    private static final AttentionShape TRUE_SHAPE = new AttentionShape(14, 2, 64);
    private static final AttentionShape SMALL_SHAPE = new AttentionShape(4, 2, 16);
    private static final AttentionShape TINY_SHAPE = new AttentionShape(1, 1, 2);
    private static final List<Activation> ACTIVATIONS = List.of(Activation.values());
    private static final Sampling TOP_K = Sampling.of(1.3, 7, 1);
    private static final Sampling TOP_P = Sampling.of(1, 0, 0.6);
    private static final Sampling PLAIN = Sampling.of(1, 0, 1);

    private ContractCases() {}

    /** All cases. F64 is run where a device supports it. */
    public static List<ContractCase> all() {
        List<ContractCase> cases = new ArrayList<>();
        long seed = 1;
        for (DType dtype : DType.values()) {
            if (dtype.isFloat()) {
                for (KernelWorkload w : workloads()) {
                    cases.add(new ContractCase(w, dtype, seed++, Mode.TRUTH));
                }
                for (KernelWorkload w : moderate()) {
                    cases.add(new ContractCase(w, dtype, seed++, Mode.REPEATED));
                    cases.add(new ContractCase(w, dtype, seed++, Mode.REPLAYED));
                }
            }
        }
        return List.copyOf(cases);
    }

    /** Runs cases in all variants that a device lists; the names of variants are the device's. */
    public static List<CaseResult> run(Device device, Predicate<ContractCase> chosen) {
        List<CaseResult> results = new ArrayList<>();
        for (ContractCase c : all()) {
            if (chosen.test(c)) {
                for (String variant : device.variants(c.op())) {
                    results.add(c.run(device, variant));
                }
            }
        }
        return results;
    }

    private static List<KernelWorkload> workloads() {
        List<KernelWorkload> w = new ArrayList<>();
        rows(w);
        matrices(w);
        attention(w);
        sampling(w);
        models(w);
        codec(w);
        headWidths(w);
        return w;
    }

    private static void rows(List<KernelWorkload> w) {
        for (int i = 0; i < SIZES.length; i++) {
            int n = SIZES[i];
            int rows = SIZES[(i * 5 + 2) % 7];
            w.add(RowWorkloads.rmsNorm(rows, n, i % 2 == 1));
            w.add(RowWorkloads.addRmsNorm(rows, n));
            w.add(RowWorkloads.softmax(rows, n, i % 3 == 2));
            w.add(RowWorkloads.siluMul(rows, n));
            w.add(RowWorkloads.add(rows, n, TARGETS.get(i % 3)));
            w.add(RowWorkloads.argmax(rows, n));
        }
        w.add(RowWorkloads.rmsNorm(1021, 13, false));
        w.add(RowWorkloads.rmsNorm(3, 4864, false));
        w.add(RowWorkloads.softmax(13, 1, false));
        w.add(RowWorkloads.softmax(3, 6561, true));
        w.add(RowWorkloads.argmax(3, 20011));
        w.add(RowWorkloads.rmsNorm(13, 64, false).misaligned());
        w.add(RowWorkloads.addRmsNorm(13, 64).misaligned());
        w.add(RowWorkloads.softmax(13, 64, false).misaligned());
        w.add(RowWorkloads.siluMul(13, 64).misaligned());
        w.add(RowWorkloads.add(13, 64, Target.NEW).misaligned());
        w.add(RowWorkloads.embedding(1, 1, 1));
        w.add(RowWorkloads.embedding(123, 65, 13));
        w.add(RowWorkloads.embedding(1021, 896, 65));
        w.add(RowWorkloads.rotary(1, TINY_SHAPE, 3, 1e4));
        w.add(RowWorkloads.rotary(13, SMALL_SHAPE, 64, 1e6));
        w.add(RowWorkloads.rotary(65, TRUE_SHAPE, 3000, 1e6));
        w.add(RowWorkloads.gatherRows(MIXED, 13));
        w.add(RowWorkloads.gatherRows(Sequences.uniform(3, 0, 5), 896));
        w.add(RowWorkloads.advance(Sequences.uniform(1, 7, 1)));
        w.add(RowWorkloads.advance(DECODE));
    }

    private static void matrices(List<KernelWorkload> w) {
        int[][] shapes = {
            {1, 1, 1},
            {1, 3, 13},
            {3, 13, 1},
            {13, 63, 65},
            {1, 64, 64},
            {65, 65, 63},
            {1, 123, 1000},
            {3, 896, 1152},
            {64, 896, 128},
            {1, 1021, 123},
            {13, 2048, 64},
            {123, 64, 123},
            {1, 4864, 896},
            {2, 896, 896},
            {8, 4864, 65},
            {16, 4864, 64}
        };
        boolean biased = false;
        for (int[] s : shapes) {
            w.add(MatrixWorkloads.linear(s[0], s[1], WeightRole.LINEAR, biased, false, s[2]));
            biased = !biased;
        }
        w.add(MatrixWorkloads.linear(3, 896, WeightRole.LINEAR, false, true, 123));
        w.add(MatrixWorkloads.linear(1, 896, WeightRole.QKV, true, false, 896, 128, 128));
        w.add(MatrixWorkloads.linear(13, 65, WeightRole.QKV, true, false, 64, 32, 32));
        w.add(MatrixWorkloads.linear(13, 64, WeightRole.GATE_UP, false, false, 123, 123));
        w.add(MatrixWorkloads.linear(1, 896, WeightRole.EMBEDDING, false, true, 9001));
        w.add(MatrixWorkloads.linear(3, 65, WeightRole.EMBEDDING, false, false, 704));
        w.add(MatrixWorkloads.linear(13, 64, 64).misaligned());
        int[][] mlps = {
            {1, 1, 1},
            {3, 13, 65},
            {13, 64, 123},
            {1, 896, 1000},
            {65, 123, 64},
            {2, 65, 1021},
            {257, 72, 1016}
        };
        for (int[] s : mlps) {
            w.add(MatrixWorkloads.swiGlu(s[0], s[1], s[2]));
            w.add(MatrixWorkloads.mlp(s[0], s[1], s[2]));
        }
        w.add(MatrixWorkloads.mlp(1, 896, 4864));
    }

    private static final Sequences MIXED =
            new Sequences(
                    new int[] {0, 13, 0, 64, 3},
                    new int[] {7, 1, 2, 5, 1},
                    new int[] {2, 0, -1, 3, 1},
                    3);
    private static final Sequences DECODE =
            new Sequences(
                    new int[] {63, 1, 0, 130}, new int[] {1, 1, 1, 1}, new int[] {1, 2, -1, 0}, 0);

    /** Without padding, whose results are nobody's business, so that all bits can be compared. */
    private static final Sequences LIVE =
            new Sequences(new int[] {63, 1, 130}, new int[] {1, 1, 1}, new int[] {1, 2, 0}, 0);

    /** A prompt that goes on in another slot than the first, with padding. */
    private static final Sequences PROMPT =
            new Sequences(new int[] {9}, new int[] {23}, new int[] {1}, 5);

    private static void attention(List<KernelWorkload> w) {
        Sequences[] all = {
            Sequences.uniform(1, 0, 1),
            Sequences.uniform(1, 0, 13),
            Sequences.uniform(2, 0, 65),
            Sequences.uniform(1, 64, 1),
            Sequences.uniform(3, 123, 1),
            Sequences.uniform(1, 17, 13),
            Sequences.uniform(1, 0, 29),
            PROMPT,
            MIXED,
            DECODE
        };
        for (AttentionShape shape : List.of(TINY_SHAPE, SMALL_SHAPE, TRUE_SHAPE)) {
            for (Sequences s : all) {
                w.add(AttentionWorkloads.attention(Op.ATTENTION, s, shape));
            }
            w.add(AttentionWorkloads.attention(Op.CACHE_WRITE, MIXED, shape));
            w.add(AttentionWorkloads.attention(Op.CACHE_WRITE, DECODE, shape));
        }
        w.add(AttentionWorkloads.uniform(1, 0, 259, TRUE_SHAPE));
        w.add(AttentionWorkloads.uniform(1, 2047, 1, TRUE_SHAPE));
        w.add(AttentionWorkloads.uniform(1, 4999, 1, TRUE_SHAPE));
        w.add(AttentionWorkloads.uniform(9, 70, 1, TRUE_SHAPE));
        w.add(AttentionWorkloads.uniform(1, 1000, 3, new AttentionShape(6, 3, 32)));
    }

    /** Heads as wide as any, and heads whose parts do not fill a group. */
    private static void headWidths(List<KernelWorkload> w) {
        w.add(AttentionWorkloads.uniform(1, 300, 2, new AttentionShape(2, 1, 128)));
        w.add(AttentionWorkloads.uniform(2, 129, 1, new AttentionShape(3, 1, 24)));
    }

    private static void sampling(List<KernelWorkload> w) {
        for (Sampling s : List.of(Sampling.SPARK_TTS, TOP_K, TOP_P, PLAIN)) {
            for (int[] shape : new int[][] {{1, 1}, {3, 13}, {13, 65}, {3, 1021}, {2, 6561}}) {
                w.add(SamplingWorkloads.probabilities(shape[0], shape[1], s));
                w.add(SamplingWorkloads.sample(shape[0], shape[1], s));
            }
            w.add(SamplingWorkloads.distribution(20_000, 13, s));
        }
        w.add(SamplingWorkloads.sample(1, 30_011, Sampling.SPARK_TTS));
        w.add(SamplingWorkloads.sample(13, 1000, Sampling.GREEDY));
        w.add(SamplingWorkloads.distribution(20_000, 123, Sampling.SPARK_TTS));
    }

    private static final RandomModel.Size SMALL =
            new RandomModel.Size(704, 64, 160, 2, SMALL_SHAPE, 160);
    private static final RandomModel.Size ODD =
            new RandomModel.Size(123, 65, 63, 3, new AttentionShape(3, 1, 6), 160);
    private static final RandomModel.Size WIDE =
            new RandomModel.Size(1021, 896, 1000, 2, TRUE_SHAPE, 160);

    private static void models(List<KernelWorkload> w) {
        Sequences prompts = new Sequences(new int[3], new int[] {7, 13, 1}, new int[] {1, 0, 2}, 0);
        Sequences step =
                new Sequences(new int[] {5, 0, 3}, new int[] {1, 1, 1}, new int[] {1, -1, 0}, 0);
        for (RandomModel.Size size : List.of(SMALL, ODD, WIDE)) {
            w.add(ModelWorkloads.decoderLayer(Sequences.uniform(1, 0, 3), size));
            w.add(ModelWorkloads.forward(Sequences.uniform(1, 0, 5), size));
            w.add(ModelWorkloads.decodeStep(step, size, Sampling.GREEDY));
        }
        w.add(ModelWorkloads.decoderLayer(prompts, SMALL));
        w.add(ModelWorkloads.forward(prompts, ODD));
        w.add(ModelWorkloads.decodeStep(Sequences.uniform(1, 9, 1), SMALL, Sampling.SPARK_TTS));
        w.add(ModelWorkloads.decodeStep(step, SMALL, PLAIN));
        w.add(ModelWorkloads.decodeStep(Sequences.uniform(12, 3, 1), WIDE, Sampling.GREEDY));
    }

    private static void codec(List<KernelWorkload> w) {
        for (int i = 0; i < SIZES.length; i++) {
            int n = SIZES[i];
            int rows = SIZES[(i * 5 + 2) % 7];
            w.add(CodecWorkloads.layerNorm(rows, n, i % 2 == 1));
            w.add(CodecWorkloads.activation(rows, n, ACTIVATIONS.get(i % 4), i % 3 == 1));
            w.add(CodecWorkloads.geglu(rows, n));
            w.add(CodecWorkloads.affine(rows, n, i % 2 == 0, i % 3 == 0));
            w.add(CodecWorkloads.snake(rows, n, i % 3 == 2));
            w.add(CodecWorkloads.columnMean(rows, n));
        }
        for (Activation function : ACTIVATIONS) {
            w.add(CodecWorkloads.activation(3, 123, function, false).misaligned());
        }
        w.add(CodecWorkloads.layerNorm(13, 64, false).misaligned());
        w.add(CodecWorkloads.snake(13, 64, false).misaligned());
        w.add(CodecWorkloads.columnMean(301, 512));
        w.add(CodecWorkloads.copyColumns(1, 1, 0, 1, 0));
        w.add(CodecWorkloads.copyColumns(65, 512, 64, 512, 448));
        w.add(CodecWorkloads.copyColumns(13, 123, 3, 65, 1).misaligned());
        w.add(CodecWorkloads.attention(1, 1, 1, 2));
        w.add(CodecWorkloads.attention(32, 333, 8, 64));
        w.add(CodecWorkloads.attention(65, 65, 3, 16));
        w.add(CodecWorkloads.attention(13, 123, 2, 24));
        w.add(ConvWorkloads.unfold(1, 1, 0, 1, Conv1d.same(1, 1)));
        w.add(ConvWorkloads.unfold(13, 65, 0, 65, Conv1d.same(7, 3)));
        w.add(ConvWorkloads.unfold(64, 96, 0, 96, Conv1d.same(7, 9)));
        w.add(ConvWorkloads.unfold(21, 16, 4, 8, new Conv1d(16, 1, 1, 8)));
        w.add(ConvWorkloads.unfold(203, 1, 0, 1, new Conv1d(10, 5, 1, 0)));
        w.add(ConvWorkloads.depthwise(1, 1, Conv1d.same(7, 1)));
        w.add(ConvWorkloads.depthwise(13, 65, Conv1d.same(7, 1)));
        w.add(ConvWorkloads.depthwise(64, 384, Conv1d.same(7, 1)));
        w.add(ConvWorkloads.depthwise(31, 123, Conv1d.same(3, 4)));
        w.add(ConvWorkloads.conv1d(1, 1, 1, true, Conv1d.same(7, 1)));
        w.add(ConvWorkloads.conv1d(13, 65, 63, false, Conv1d.same(7, 3)));
        w.add(ConvWorkloads.conv1d(64, 96, 96, true, Conv1d.same(7, 9)));
        w.add(ConvWorkloads.conv1d(123, 96, 1, true, Conv1d.same(7, 1)));
        w.add(ConvWorkloads.conv1d(123, 96, 1, true, true, Conv1d.same(7, 1)));
        w.add(ConvWorkloads.conv1d(13, 64, 48, true, true, Conv1d.same(7, 3)));
        w.add(ConvWorkloads.conv1d(1021, 13, 48, true, Conv1d.same(7, 3)));
        w.add(ConvWorkloads.conv1d(50, 256, 320, true, Conv1d.same(7, 1)));
        w.add(ConvWorkloads.conv1d(403, 1, 64, true, new Conv1d(10, 5, 1, 0)));
        w.add(ConvWorkloads.conv1d(65, 64, 64, true, new Conv1d(3, 2, 1, 0)));
        w.add(ConvWorkloads.conv1d(13, 64, 64, true, Conv1d.same(7, 1)).misaligned());
        w.add(ConvWorkloads.convTranspose1d(1, 1, 1, new ConvTranspose1d(4, 2, 1)));
        w.add(ConvWorkloads.convTranspose1d(13, 65, 33, new ConvTranspose1d(16, 8, 4)));
        w.add(ConvWorkloads.convTranspose1d(9, 64, 32, new ConvTranspose1d(11, 5, 3)));
        w.add(ConvWorkloads.convTranspose1d(63, 13, 3, new ConvTranspose1d(8, 4, 2)));
        w.add(ConvWorkloads.convTranspose1d(123, 96, 48, new ConvTranspose1d(4, 2, 1)));
        w.add(ConvWorkloads.residualUnit(1, 1, 1));
        w.add(ConvWorkloads.residualUnit(13, 65, 3));
        w.add(ConvWorkloads.residualUnit(123, 96, 9));
        w.add(ConvWorkloads.convNextBlock(1, 3, 13));
        w.add(ConvWorkloads.convNextBlock(13, 65, 123));
        w.add(ConvWorkloads.convNextBlock(63, 384, 896));
    }

    /** One shape per operation that is parallel enough to show a race. */
    private static List<KernelWorkload> moderate() {
        return List.of(
                RowWorkloads.embedding(123, 896, 65),
                RowWorkloads.rmsNorm(65, 896, false),
                RowWorkloads.addRmsNorm(65, 896),
                MatrixWorkloads.linear(5, 896, 256),
                RowWorkloads.rotary(65, SMALL_SHAPE, 128, 1e6),
                AttentionWorkloads.attention(Op.CACHE_WRITE, MIXED, SMALL_SHAPE),
                AttentionWorkloads.attention(Op.ATTENTION, MIXED, TRUE_SHAPE),
                RowWorkloads.siluMul(13, 1000),
                MatrixWorkloads.swiGlu(3, 256, 300),
                MatrixWorkloads.mlp(3, 256, 300),
                RowWorkloads.softmax(13, 2048, false),
                RowWorkloads.add(65, 896, Target.FIRST),
                RowWorkloads.gatherRows(MIXED, 896),
                SamplingWorkloads.probabilities(3, 2048, Sampling.SPARK_TTS),
                SamplingWorkloads.sample(3, 2048, Sampling.SPARK_TTS),
                RowWorkloads.argmax(13, 2048),
                RowWorkloads.advance(DECODE),
                ModelWorkloads.decoderLayer(Sequences.uniform(1, 0, 3), SMALL),
                ModelWorkloads.forward(Sequences.uniform(1, 0, 3), SMALL),
                ModelWorkloads.decodeStep(LIVE, SMALL, Sampling.SPARK_TTS),
                CodecWorkloads.layerNorm(65, 384, false),
                CodecWorkloads.activation(65, 896, Activation.GELU, false),
                CodecWorkloads.geglu(13, 341),
                CodecWorkloads.affine(65, 896, true, false),
                CodecWorkloads.snake(65, 896, false),
                CodecWorkloads.columnMean(123, 512),
                CodecWorkloads.copyColumns(65, 512, 64, 512, 448),
                CodecWorkloads.attention(32, 123, 4, 64),
                ConvWorkloads.unfold(123, 96, 0, 96, Conv1d.same(7, 3)),
                ConvWorkloads.depthwise(123, 384, Conv1d.same(7, 1)),
                ConvWorkloads.conv1d(123, 64, 96, true, Conv1d.same(7, 3)),
                ConvWorkloads.convTranspose1d(63, 64, 32, new ConvTranspose1d(11, 5, 3)),
                ConvWorkloads.residualUnit(123, 48, 3),
                ConvWorkloads.convNextBlock(31, 64, 256));
    }
}
