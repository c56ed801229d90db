package io.sparktts.contract;

import io.sparktts.backend.AttentionShape;
import io.sparktts.backend.DType;
import io.sparktts.backend.HostTensor;
import io.sparktts.backend.Op;
import io.sparktts.backend.Tensor;
import io.sparktts.backend.Weight;
import io.sparktts.backend.WeightRole;
import io.sparktts.contract.Fixture.Truth;
import io.sparktts.contract.GuardedTensor.Use;
import io.sparktts.model.RotaryTable;
import io.sparktts.oracle.Oracle;

import java.util.Arrays;

/** Workloads whose rows are independent of each other and read no matrix. */
final class RowWorkloads {
    static final double EPSILON = 1e-6;

    private RowWorkloads() {}

    private static String size(long rows, long columns) {
        return rows + "x" + columns;
    }

    static KernelWorkload rmsNorm(int rows, int n, boolean inPlace) {
        return new KernelWorkload(
                Op.RMS_NORM,
                size(rows, n) + (inPlace ? " in place" : ""),
                4L * rows * n,
                f -> {
                    GuardedTensor x = inPlace ? f.inOut("x", rows, n) : f.input("x", rows, n);
                    GuardedTensor w = f.input("weight", n);
                    GuardedTensor out = inPlace ? x : f.output("out", f.dtype, rows, n);
                    double[] weight = w.initialRow(0);
                    Tensor o = out.live();
                    f.call(k -> k.rmsNorm(o, x.live(), w.live(), EPSILON));
                    f.cost(Fixture.bytesOf(x.live(), w.live(), o), 4L * rows * n);
                    f.expectRows(
                            out,
                            Tolerance.of(Op.RMS_NORM, f.variant),
                            n,
                            row -> new Truth(Oracle.rmsNorm(x.initialRow(row), weight, EPSILON)));
                });
    }

    static KernelWorkload addRmsNorm(int rows, int n) {
        return new KernelWorkload(
                Op.ADD_RMS_NORM,
                size(rows, n),
                5L * rows * n,
                f -> {
                    GuardedTensor residual = f.inOut("residual", rows, n);
                    GuardedTensor x = f.input("x", rows, n);
                    GuardedTensor w = f.input("weight", n);
                    GuardedTensor out = f.output("out", f.dtype, rows, n);
                    double[] weight = w.initialRow(0);
                    f.call(
                            k ->
                                    k.addRmsNorm(
                                            out.live(),
                                            residual.live(),
                                            x.live(),
                                            w.live(),
                                            EPSILON));
                    f.cost(
                            Fixture.bytesOf(
                                    residual.live(),
                                    residual.live(),
                                    x.live(),
                                    w.live(),
                                    out.live()),
                            5L * rows * n);
                    f.expectRows(
                            residual,
                            Tolerance.ADD,
                            1,
                            row ->
                                    new Truth(
                                            Oracle.add(
                                                    residual.initialRow(row), x.initialRow(row))));
                    f.expectRows(
                            out,
                            Tolerance.of(Op.ADD_RMS_NORM, f.variant),
                            n,
                            row ->
                                    new Truth(
                                            Oracle.addRmsNorm(
                                                    new double[n],
                                                    residual.initialRow(row),
                                                    x.initialRow(row),
                                                    weight,
                                                    EPSILON)));
                });
    }

    /**
     * @param extreme with magnitudes in the thousands and entries of -inf, of which no row is made
     *     up entirely
     */
    static KernelWorkload softmax(int rows, int n, boolean extreme) {
        return new KernelWorkload(
                Op.SOFTMAX,
                size(rows, n) + (extreme ? " extreme" : ""),
                4L * rows * n,
                f -> {
                    GuardedTensor x = extreme ? extreme(f, rows, n) : f.normal("x", 2, rows, n);
                    GuardedTensor out = f.output("out", f.dtype, rows, n);
                    f.call(k -> k.softmax(out.live(), x.live()));
                    f.cost(Fixture.bytesOf(x.live(), out.live()), 4L * rows * n);
                    f.expectRows(
                            out,
                            Tolerance.of(Op.SOFTMAX, f.variant),
                            n,
                            row -> new Truth(Oracle.softmax(x.initialRow(row))));
                });
    }

    private static GuardedTensor extreme(Fixture f, int rows, int n) {
        double[] values = new double[rows * n];
        for (int i = 0; i < values.length; i++) {
            boolean cut = i % n != n / 2 && f.random().nextInt(4) == 0;
            values[i] = cut ? Double.NEGATIVE_INFINITY : f.random().nextGaussian() * 3000;
        }
        return f.values("x", f.dtype, Use.INPUT, values, rows, n);
    }

    static KernelWorkload siluMul(int rows, int n) {
        return new KernelWorkload(
                Op.SILU_MUL,
                size(rows, n),
                5L * rows * n,
                f -> {
                    GuardedTensor gateUp = f.input("gateUp", rows, 2L * n);
                    GuardedTensor out = f.output("out", f.dtype, rows, n);
                    f.call(k -> k.siluMul(out.live(), gateUp.live()));
                    f.cost(Fixture.bytesOf(gateUp.live(), out.live()), 5L * rows * n);
                    f.expectRows(
                            out,
                            Tolerance.of(Op.SILU_MUL, f.variant),
                            1,
                            row -> new Truth(Oracle.siluMul(gateUp.initialRow(row))));
                });
    }

    /** Where {@link io.sparktts.backend.Kernels#add} puts the sum. */
    enum Target {
        NEW,
        FIRST,
        SECOND
    }

    static KernelWorkload add(int rows, int n, Target target) {
        String shape =
                size(rows, n)
                        + (target == Target.NEW
                                ? ""
                                : " into its " + target.name().toLowerCase(java.util.Locale.ROOT));
        return new KernelWorkload(
                Op.ADD,
                shape,
                (long) rows * n,
                f -> {
                    GuardedTensor a =
                            target == Target.FIRST ? f.inOut("a", rows, n) : f.input("a", rows, n);
                    GuardedTensor b =
                            target == Target.SECOND ? f.inOut("b", rows, n) : f.input("b", rows, n);
                    GuardedTensor out =
                            switch (target) {
                                case NEW -> f.output("out", f.dtype, rows, n);
                                case FIRST -> a;
                                case SECOND -> b;
                            };
                    f.call(k -> k.add(out.live(), a.live(), b.live()));
                    f.cost(Fixture.bytesOf(a.live(), b.live(), out.live()), (long) rows * n);
                    f.expectRows(
                            out,
                            Tolerance.of(Op.ADD, f.variant),
                            1,
                            row -> new Truth(Oracle.add(a.initialRow(row), b.initialRow(row))));
                });
    }

    static KernelWorkload embedding(int vocabulary, int hidden, int tokens) {
        return new KernelWorkload(
                Op.EMBEDDING,
                tokens + " of " + size(vocabulary, hidden),
                (long) vocabulary * hidden,
                f -> {
                    HostTensor table = f.matrix(vocabulary, hidden);
                    Weight w = f.weight(WeightRole.EMBEDDING, table);
                    int[] ids = f.random().ints(tokens, 0, vocabulary).toArray();
                    ids[0] = vocabulary - 1;
                    ids[tokens - 1] = tokens == 1 ? ids[0] : 0;
                    GuardedTensor in = f.indices("ids", Use.INPUT, ids);
                    GuardedTensor out = f.output("out", f.dtype, tokens, hidden);
                    f.call(k -> k.embedding(out.live(), in.live(), w));
                    f.cost(2 * out.live().byteSize() + in.live().byteSize(), 0);
                    f.expectRows(
                            out,
                            Tolerance.EXACT,
                            1,
                            row -> new Truth(MatrixWorkloads.row(table, ids[row])));
                });
    }

    static KernelWorkload argmax(int rows, int n) {
        return new KernelWorkload(
                Op.ARGMAX,
                size(rows, n),
                (long) rows * n,
                f -> {
                    double[] values = new double[rows * n];
                    Arrays.setAll(values, i -> Math.rint(f.random().nextGaussian() * 2));
                    for (int row = 0; row < rows; row++) {
                        // The largest at the very ends, where a kernel may forget to look, and only
                        // there.
                        if (row % 3 == 1) {
                            values[row * n + n - 1] = 50;
                        } else if (row % 3 == 2) {
                            Arrays.fill(values, row * n, (row + 1) * n, -60);
                        }
                    }
                    GuardedTensor x = f.values("x", f.dtype, Use.INPUT, values, rows, n);
                    GuardedTensor out = f.output("out", DType.I32, rows);
                    f.call(k -> k.argmax(out.live(), x.live()));
                    f.cost(Fixture.bytesOf(x.live(), out.live()), 0);
                    f.expect(
                            (now, c) -> {
                                for (int row = 0; row < rows; row++) {
                                    c.element(
                                            now.get("out").get(row),
                                            Oracle.argmax(x.initialRow(row)),
                                            0,
                                            "out",
                                            row);
                                }
                            });
                });
    }

    static KernelWorkload gatherRows(Sequences sequences, int n) {
        return new KernelWorkload(
                Op.GATHER_ROWS,
                sequences + " x" + n,
                (long) sequences.tokens() * n,
                f -> {
                    Sequences.OnDevice batch = sequences.bring(f, "", Use.INPUT);
                    GuardedTensor x = f.input("x", sequences.tokens(), n);
                    GuardedTensor out = f.output("out", f.dtype, sequences.batch(), n);
                    int[] offsets = batch.offsets().initialInts();
                    f.call(k -> k.gatherRows(out.live(), x.live(), batch.tensors()));
                    f.cost(2 * out.live().byteSize(), 0);
                    f.expect(
                            (now, c) -> {
                                for (int b = 0; b < sequences.batch(); b++) {
                                    if (sequences.slot()[b] >= 0) {
                                        double[] truth = x.initialRow(offsets[b + 1] - 1);
                                        Fixture.judge(
                                                now.get("out"),
                                                (long) b * n,
                                                new Truth(truth),
                                                Tolerance.EXACT,
                                                1,
                                                "out",
                                                c);
                                    }
                                }
                            });
                });
    }

    static KernelWorkload advance(Sequences sequences) {
        return new KernelWorkload(
                Op.ADVANCE,
                sequences.toString(),
                sequences.tokens(),
                f -> {
                    Sequences.OnDevice batch = sequences.bring(f, "", Use.IN_OUT);
                    f.call(k -> k.advance(batch.tensors()));
                    f.expect((now, c) -> sequences.expectAdvanced(batch, now, c));
                });
    }

    /** Rows of queries, keys and values at positions up to the table's end. */
    static KernelWorkload rotary(int tokens, AttentionShape shape, int maxPositions, double theta) {
        int width = shape.qkvWidth();
        String text =
                size(tokens, width)
                        + " heads "
                        + shape.heads()
                        + "/"
                        + shape.kvHeads()
                        + "x"
                        + shape.headDim();
        return new KernelWorkload(
                Op.ROTARY,
                text,
                6L * tokens * width,
                f -> {
                    DType table = f.dtype == DType.F64 ? DType.F64 : DType.F32;
                    int half = shape.headDim() / 2;
                    double[] c = widen(RotaryTable.cos(maxPositions, shape.headDim(), theta));
                    double[] s = widen(RotaryTable.sin(maxPositions, shape.headDim(), theta));
                    GuardedTensor cos = f.values("cos", table, Use.INPUT, c, maxPositions, half);
                    GuardedTensor sin = f.values("sin", table, Use.INPUT, s, maxPositions, half);
                    int[] positions = f.random().ints(tokens, 0, maxPositions).toArray();
                    positions[0] = maxPositions - 1;
                    GuardedTensor at = f.indices("positions", Use.INPUT, positions);
                    GuardedTensor qkv = f.inOut("qkv", tokens, width);
                    f.call(k -> k.rotary(qkv.live(), shape, at.live(), cos.live(), sin.live()));
                    f.cost(2 * qkv.live().byteSize(), 3L * tokens * width);
                    int turned = (shape.heads() + shape.kvHeads()) * shape.headDim();
                    f.expectRows(
                            qkv,
                            Tolerance.of(Op.ROTARY, f.variant),
                            1,
                            row -> {
                                double[] x = qkv.initialRow(row);
                                Oracle.rotary(
                                        x,
                                        0,
                                        shape.heads() + shape.kvHeads(),
                                        shape.headDim(),
                                        positions[row],
                                        c,
                                        s);
                                return new Truth(x);
                            });
                    f.expect(
                            (now, comparison) -> {
                                for (int t = 0; t < tokens; t++) {
                                    qkv.unchanged(
                                            now.get("qkv"),
                                            t * width + turned,
                                            (t + 1) * width,
                                            comparison);
                                }
                            });
                });
    }

    static double[] widen(float[] values) {
        double[] out = new double[values.length];
        Arrays.setAll(out, i -> values[i]);
        return out;
    }
}
