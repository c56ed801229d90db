package io.sparktts.contract;

import io.sparktts.backend.DType;
import io.sparktts.backend.HostTensor;
import io.sparktts.backend.KvCache;
import io.sparktts.backend.ModelWeights;
import io.sparktts.backend.Op;
import io.sparktts.backend.Sampling;
import io.sparktts.backend.SequenceBatch;
import io.sparktts.backend.StepState;
import io.sparktts.backend.Tensor;
import io.sparktts.contract.Fixture.Truth;
import io.sparktts.contract.GuardedTensor.Use;
import io.sparktts.oracle.ModelOracle;
import io.sparktts.oracle.ModelOracle.Past;

import java.util.Arrays;

/** Workloads of whole layers and steps, against the composition of the oracle. */
final class ModelWorkloads {
    private ModelWorkloads() {}

    private static long operations(Sequences s, RandomModel.Size size) {
        return 2 * size.operations() * (s.tokens() + s.before().tokens());
    }

    /** The first layer over sequences without a past. */
    static KernelWorkload decoderLayer(Sequences s, RandomModel.Size size) {
        return new KernelWorkload(
                Op.DECODER_LAYER,
                s + " " + size,
                operations(s, size),
                f -> {
                    RandomModel model = RandomModel.create(f, size);
                    SequenceBatch batch = s.bring(f, "", Use.INPUT).tensors();
                    GuardedTensor hidden = f.inOut("hidden", s.tokens(), size.hidden());
                    KvCache cache = cache(f, s, size);
                    f.onReset(() -> cache.fill(Double.NaN));
                    f.call(k -> k.decoderLayer(model.weights(), 0, hidden.live(), batch, cache));
                    f.expect(
                            (now, c) -> {
                                Past[] past = new Past[s.batch()];
                                for (int t = 0; t < s.tokens(); t++) {
                                    int b = s.sequenceOf(t);
                                    if (b >= 0) {
                                        past[b] = s.position(t) == 0 ? new Past() : past[b];
                                        double[] truth =
                                                model.oracle()
                                                        .layer(
                                                                0,
                                                                hidden.initialRow(t),
                                                                past[b],
                                                                s.position(t));
                                        judge(f, Op.DECODER_LAYER, now.get("hidden"), t, truth, c);
                                    }
                                }
                            });
                });
    }

    /** All layers over sequences without a past. */
    static KernelWorkload forward(Sequences s, RandomModel.Size size) {
        return new KernelWorkload(
                Op.FORWARD,
                s + " " + size,
                operations(s, size),
                f -> {
                    RandomModel model = RandomModel.create(f, size);
                    SequenceBatch batch = s.bring(f, "", Use.INPUT).tensors();
                    int[] ids = f.random().ints(s.tokens(), 0, size.vocabulary()).toArray();
                    GuardedTensor in = f.indices("ids", Use.INPUT, ids);
                    GuardedTensor out = f.output("out", f.dtype, s.tokens(), size.hidden());
                    KvCache cache = cache(f, s, size);
                    f.onReset(() -> cache.fill(Double.NaN));
                    f.call(k -> k.forward(model.weights(), out.live(), in.live(), batch, cache));
                    f.expect(
                            (now, c) -> {
                                Past[] past = new Past[s.batch()];
                                for (int t = 0; t < s.tokens(); t++) {
                                    int b = s.sequenceOf(t);
                                    if (b >= 0) {
                                        past[b] = s.position(t) == 0 ? new Past() : past[b];
                                        double[] truth =
                                                model.oracle()
                                                        .forward(ids[t], past[b], s.position(t));
                                        judge(f, Op.FORWARD, now.get("out"), t, truth, c);
                                    }
                                }
                            });
                });
    }

    private static void judge(
            Fixture f, Op op, HostTensor actual, int row, double[] truth, Comparison.Builder c) {
        long offset = (long) row * truth.length;
        Fixture.judge(actual, offset, new Truth(truth), Tolerance.of(op, f.variant), 1, "out", c);
    }

    private static KvCache cache(Fixture f, Sequences s, RandomModel.Size size) {
        return f.own(
                f.device.kvCache(
                        f.dtype, size.layers(), s.slots(), size.shape(), size.positions()));
    }

    /**
     * One step of sequences of which each has a past; the past is fed through {@code forward}
     * before.
     */
    static KernelWorkload decodeStep(Sequences s, RandomModel.Size size, Sampling sampling) {
        String shape = s + " " + size + (sampling.greedy() ? " greedy" : " sampled");
        return new KernelWorkload(
                Op.DECODE_STEP, shape, operations(s, size), f -> setUpStep(f, s, size, sampling));
    }

    private static void setUpStep(
            Fixture f, Sequences s, RandomModel.Size size, Sampling sampling) {
        RandomModel model = RandomModel.create(f, size);
        ModelWeights weights = model.weights();
        Sequences before = s.before();
        SequenceBatch prompt = before.bring(f, "prompt.", Use.INPUT).tensors();
        int[] promptIds = f.random().ints(before.tokens(), 0, size.vocabulary()).toArray();
        GuardedTensor promptIn = f.indices("prompt.ids", Use.INPUT, promptIds);
        GuardedTensor promptOut = f.output("prompt.out", f.dtype, before.tokens(), size.hidden());
        Sequences.OnDevice batch = s.bring(f, "", Use.IN_OUT);
        int[] ids = f.random().ints(s.batch(), 0, size.vocabulary()).toArray();
        GuardedTensor tokens = f.indices("tokens", Use.IN_OUT, ids);
        DType logitsType = f.dtype == DType.F64 ? DType.F64 : DType.F32;
        GuardedTensor logits = f.output("logits", logitsType, s.batch(), size.vocabulary());
        int[] state = new int[s.batch() * 4];
        Arrays.setAll(state, i -> i % 4 == 0 ? f.random().nextInt() : i);
        GuardedTensor random = f.indices("random", Use.IN_OUT, state);
        Tensor randomRows = random.live().view(0, s.batch(), 4);
        KvCache cache = cache(f, s, size);
        StepState step =
                new StepState(
                        tokens.live(), batch.tensors(), cache, logits.live(), sampling, randomRows);
        f.onReset(
                () -> {
                    cache.fill(Double.NaN);
                    f.kernels.forward(weights, promptOut.live(), promptIn.live(), prompt, cache);
                });
        f.call(k -> k.decodeStep(weights, step));
        f.cost(weights.decodeBytes(), 2 * size.operations() * s.batch());
        f.expect(
                (now, c) -> {
                    int[] offsets = before.offsets();
                    for (int b = 0; b < s.batch(); b++) {
                        if (s.slot()[b] >= 0) {
                            Past past = new Past();
                            for (int p = 0; p < s.past()[b]; p++) {
                                model.oracle().forward(promptIds[offsets[b] + p], past, p);
                            }
                            ModelOracle oracle = model.oracle();
                            double[] truth =
                                    oracle.logits(oracle.forward(ids[b], past, s.past()[b]));
                            Tolerance tolerance = Tolerance.of(Op.DECODE_STEP, f.variant);
                            HostTensor actual = now.get("logits");
                            judgeLogits(f, actual, b, truth, tolerance, c);
                            double[] own = MatrixWorkloads.row(actual, b);
                            int token = (int) now.get("tokens").get(b);
                            SamplingCheck.token(
                                    token,
                                    own,
                                    sampling,
                                    SamplingWorkloads.uniform(state, b),
                                    b,
                                    c);
                            c.element(
                                    now.get("random").get(b * 4 + 3),
                                    state[b * 4 + 3] + 1,
                                    0,
                                    "random",
                                    b * 4 + 3);
                        }
                    }
                    s.expectAdvanced(batch, now, c);
                });
    }

    /** Logits are F32 but made of values of the model's dtype, whose epsilon counts. */
    private static void judgeLogits(
            Fixture f,
            HostTensor actual,
            int row,
            double[] truth,
            Tolerance tolerance,
            Comparison.Builder c) {
        double scale = Arrays.stream(truth).map(Math::abs).max().orElse(0);
        for (int i = 0; i < truth.length; i++) {
            long index = (long) row * truth.length + i;
            c.element(
                    actual.get(index),
                    truth[i],
                    tolerance.bound(f.dtype, truth[i], scale, 1),
                    "logits",
                    index);
        }
    }
}
