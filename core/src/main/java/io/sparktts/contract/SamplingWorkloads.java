package io.sparktts.contract;

import io.sparktts.backend.DType;
import io.sparktts.backend.HostTensor;
import io.sparktts.backend.Op;
import io.sparktts.backend.Philox;
import io.sparktts.backend.Sampling;
import io.sparktts.contract.GuardedTensor.Use;
import io.sparktts.oracle.SamplingOracle;

import java.util.Arrays;

/** Workloads of the sampler. */
final class SamplingWorkloads {
    private static final int SEED_HIGH = 0x7a3f0511;

    private SamplingWorkloads() {}

    private static String text(int rows, int vocabulary, Sampling s) {
        return rows
                + "x"
                + vocabulary
                + (s.greedy()
                        ? " greedy"
                        : " t" + s.temperature() + " k" + s.topK() + " p" + s.topP());
    }

    private static GuardedTensor logits(Fixture f, int rows, int vocabulary) {
        return f.normal("logits", 3, rows, vocabulary);
    }

    static KernelWorkload probabilities(int rows, int vocabulary, Sampling s) {
        long operations = 40L * rows * vocabulary;
        return new KernelWorkload(
                Op.SAMPLING_PROBABILITIES,
                text(rows, vocabulary, s),
                operations,
                f -> {
                    GuardedTensor logits = logits(f, rows, vocabulary);
                    GuardedTensor out =
                            f.output(
                                    "out",
                                    f.dtype == DType.F64 ? DType.F64 : DType.F32,
                                    rows,
                                    vocabulary);
                    f.call(k -> k.samplingProbabilities(out.live(), logits.live(), s));
                    f.cost(Fixture.bytesOf(logits.live(), out.live()), 4L * rows * vocabulary);
                    f.expect(
                            (now, c) -> {
                                for (int row = 0; row < rows; row++) {
                                    SamplingCheck.probabilities(
                                            now.get("out"), row, logits.initialRow(row), s, c);
                                }
                            });
                });
    }

    static KernelWorkload sample(int rows, int vocabulary, Sampling s) {
        return new KernelWorkload(
                Op.SAMPLE,
                text(rows, vocabulary, s),
                40L * rows * vocabulary,
                f -> {
                    GuardedTensor logits = logits(f, rows, vocabulary);
                    int[] state = new int[rows * 4];
                    for (int row = 0; row < rows; row++) {
                        state[row * 4] = f.random().nextInt();
                        state[row * 4 + 1] = SEED_HIGH;
                        state[row * 4 + 2] = row;
                        state[row * 4 + 3] = f.random().nextInt(3000);
                    }
                    GuardedTensor random = f.indices("random", Use.IN_OUT, state);
                    GuardedTensor tokens = f.output("tokens", DType.I32, rows);
                    var randomRows = random.live().view(0, rows, 4);
                    f.call(k -> k.sample(tokens.live(), logits.live(), s, randomRows));
                    f.cost(
                            Fixture.bytesOf(logits.live(), tokens.live())
                                    + 2 * randomRows.byteSize(),
                            4L * rows * vocabulary);
                    f.expect(
                            (now, c) -> {
                                for (int row = 0; row < rows; row++) {
                                    int token = (int) now.get("tokens").get(row);
                                    SamplingCheck.token(
                                            token,
                                            logits.initialRow(row),
                                            s,
                                            uniform(state, row),
                                            row,
                                            c);
                                }
                                expectRandomAdvanced(now.get("random"), state, c);
                            });
                });
    }

    static float uniform(int[] state, int row) {
        return Philox.uniform(
                state[row * 4], state[row * 4 + 1], state[row * 4 + 2], state[row * 4 + 3]);
    }

    static void expectRandomAdvanced(HostTensor now, int[] state, Comparison.Builder c) {
        for (int i = 0; i < state.length; i++) {
            c.element(now.get(i), state[i] + (i % 4 == 3 ? 1 : 0), 0, "random", i);
        }
    }

    /**
     * Draws of one distribution at successive positions; Pearson's chi-square against the truth.
     */
    static KernelWorkload distribution(int draws, int vocabulary, Sampling s) {
        String shape = "distribution of " + text(draws, vocabulary, s);
        return new KernelWorkload(
                Op.SAMPLE,
                shape,
                40L * draws * vocabulary,
                f -> {
                    double[] row = new double[vocabulary];
                    Arrays.setAll(row, i -> f.random().nextGaussian() * 1.5);
                    double[] all = new double[draws * vocabulary];
                    Arrays.setAll(all, i -> row[i % vocabulary]);
                    GuardedTensor logits =
                            f.values("logits", f.dtype, Use.INPUT, all, draws, vocabulary);
                    int seed = f.random().nextInt();
                    int[] state = new int[draws * 4];
                    Arrays.setAll(
                            state,
                            i ->
                                    switch (i % 4) {
                                        case 0 -> seed;
                                        case 1 -> SEED_HIGH;
                                        case 2 -> 1;
                                        default -> i / 4;
                                    });
                    GuardedTensor random = f.indices("random", Use.IN_OUT, state);
                    GuardedTensor tokens = f.output("tokens", DType.I32, draws);
                    var randomRows = random.live().view(0, draws, 4);
                    f.call(k -> k.sample(tokens.live(), logits.live(), s, randomRows));
                    f.expect(
                            (now, c) ->
                                    SamplingCheck.distribution(
                                            now.get("tokens").toInts(),
                                            SamplingOracle.probabilities(logits.initialRow(0), s),
                                            c));
                });
    }
}
