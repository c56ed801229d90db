package io.sparktts.contract;

import io.sparktts.backend.Activation;
import io.sparktts.backend.Op;
import io.sparktts.backend.Tensor;
import io.sparktts.contract.Fixture.Truth;
import io.sparktts.oracle.CodecOracle;
import io.sparktts.oracle.Oracle;

import java.util.Locale;

/** Workloads of the codec that multiply by no matrix. */
final class CodecWorkloads {
    private CodecWorkloads() {}

    private static String size(long rows, long columns) {
        return rows + "x" + columns;
    }

    static KernelWorkload layerNorm(int rows, int n, boolean inPlace) {
        return new KernelWorkload(
                Op.LAYER_NORM,
                size(rows, n) + (inPlace ? " in place" : ""),
                8L * rows * n,
                f -> {
                    GuardedTensor x = inPlace ? f.inOut("x", rows, n) : f.input("x", rows, n);
                    GuardedTensor w = f.input("weight", n);
                    GuardedTensor b = f.input("bias", n);
                    GuardedTensor out = inPlace ? x : f.output("out", f.dtype, rows, n);
                    double[] weight = w.initialRow(0);
                    double[] bias = b.initialRow(0);
                    f.call(
                            k ->
                                    k.layerNorm(
                                            out.live(),
                                            x.live(),
                                            w.live(),
                                            b.live(),
                                            RowWorkloads.EPSILON));
                    f.cost(
                            Fixture.bytesOf(x.live(), w.live(), b.live(), out.live()),
                            8L * rows * n);
                    f.expectRows(
                            out,
                            Tolerance.of(Op.LAYER_NORM, f.variant),
                            n,
                            row ->
                                    new Truth(
                                            CodecOracle.layerNorm(
                                                    x.initialRow(row),
                                                    weight,
                                                    bias,
                                                    RowWorkloads.EPSILON)));
                });
    }

    static KernelWorkload activation(int rows, int n, Activation function, boolean inPlace) {
        return new KernelWorkload(
                Op.ACTIVATION,
                function.name().toLowerCase(Locale.ROOT)
                        + " "
                        + size(rows, n)
                        + (inPlace ? " in place" : ""),
                10L * rows * n,
                f -> {
                    GuardedTensor x = inPlace ? f.inOut("x", rows, n) : f.input("x", rows, n);
                    GuardedTensor out = inPlace ? x : f.output("out", f.dtype, rows, n);
                    f.call(k -> k.activation(out.live(), x.live(), function));
                    f.cost(Fixture.bytesOf(x.live(), out.live()), 10L * rows * n);
                    f.expectRows(
                            out,
                            Tolerance.of(Op.ACTIVATION, f.variant),
                            1,
                            row -> {
                                double[] values = x.initialRow(row);
                                for (int i = 0; i < n; i++) {
                                    values[i] = CodecOracle.activation(values[i], function);
                                }
                                return new Truth(values);
                            });
                });
    }

    static KernelWorkload geglu(int rows, int n) {
        return new KernelWorkload(
                Op.GEGLU,
                size(rows, n),
                10L * rows * n,
                f -> {
                    GuardedTensor x = f.input("valueGate", rows, 2L * n);
                    GuardedTensor out = f.output("out", f.dtype, rows, n);
                    f.call(k -> k.geglu(out.live(), x.live()));
                    f.cost(Fixture.bytesOf(x.live(), out.live()), 10L * rows * n);
                    f.expectRows(
                            out,
                            Tolerance.of(Op.GEGLU, f.variant),
                            1,
                            row -> new Truth(CodecOracle.geglu(x.initialRow(row))));
                });
    }

    static KernelWorkload affine(int rows, int n, boolean shifted, boolean inPlace) {
        return new KernelWorkload(
                Op.AFFINE,
                size(rows, n) + (shifted ? " shift" : "") + (inPlace ? " in place" : ""),
                2L * rows * n,
                f -> {
                    GuardedTensor x = inPlace ? f.inOut("x", rows, n) : f.input("x", rows, n);
                    GuardedTensor scale = f.input("scale", n);
                    GuardedTensor shift = f.input("shift", n);
                    GuardedTensor out = inPlace ? x : f.output("out", f.dtype, rows, n);
                    double[] factors = scale.initialRow(0);
                    double[] added = shifted ? shift.initialRow(0) : null;
                    Tensor s = shifted ? shift.live() : null;
                    f.call(k -> k.affine(out.live(), x.live(), scale.live(), s));
                    f.cost(Fixture.bytesOf(x.live(), scale.live(), out.live()), 2L * rows * n);
                    f.expectRows(
                            out,
                            Tolerance.of(Op.AFFINE, f.variant),
                            1,
                            row ->
                                    new Truth(
                                            CodecOracle.affine(x.initialRow(row), factors, added)));
                });
    }

    static KernelWorkload snake(int rows, int n, boolean inPlace) {
        return new KernelWorkload(
                Op.SNAKE,
                size(rows, n) + (inPlace ? " in place" : ""),
                20L * rows * n,
                f -> {
                    GuardedTensor x = inPlace ? f.inOut("x", rows, n) : f.input("x", rows, n);
                    GuardedTensor alpha = f.input("alpha", n);
                    GuardedTensor out = inPlace ? x : f.output("out", f.dtype, rows, n);
                    double[] a = alpha.initialRow(0);
                    f.call(k -> k.snake(out.live(), x.live(), alpha.live()));
                    f.cost(Fixture.bytesOf(x.live(), alpha.live(), out.live()), 20L * rows * n);
                    f.expectRows(
                            out,
                            Tolerance.of(Op.SNAKE, f.variant),
                            1,
                            row -> new Truth(CodecOracle.snake(x.initialRow(row), a)));
                });
    }

    static KernelWorkload columnMean(int rows, int n) {
        return new KernelWorkload(
                Op.COLUMN_MEAN,
                size(rows, n),
                (long) rows * n,
                f -> {
                    GuardedTensor x = f.input("x", rows, n);
                    GuardedTensor out = f.output("out", f.dtype, 1, n);
                    f.call(k -> k.columnMean(out.live(), x.live()));
                    f.cost(Fixture.bytesOf(x.live(), out.live()), (long) rows * n);
                    f.expectRows(
                            out,
                            Tolerance.of(Op.COLUMN_MEAN, f.variant),
                            rows,
                            row -> {
                                double[] sum = new double[n];
                                for (int r = 0; r < rows; r++) {
                                    sum = Oracle.add(sum, x.initialRow(r));
                                }
                                for (int i = 0; i < n; i++) {
                                    sum[i] /= rows;
                                }
                                return new Truth(sum, 1);
                            });
                });
    }

    static KernelWorkload copyColumns(int rows, int to, int outColumn, int from, int xColumn) {
        int columns = Math.min(to - outColumn, from - xColumn);
        return new KernelWorkload(
                Op.COPY_COLUMNS,
                rows + "x" + columns + " from " + xColumn + "/" + from + " to " + outColumn + "/"
                        + to,
                (long) rows * columns,
                f -> {
                    GuardedTensor x = f.input("x", rows, from);
                    GuardedTensor out = f.inOut("out", rows, to);
                    f.call(k -> k.copyColumns(out.live(), outColumn, x.live(), xColumn, columns));
                    f.cost(2L * rows * columns * f.dtype.bytes(), 0);
                    f.expectRows(
                            out,
                            Tolerance.EXACT,
                            1,
                            row -> {
                                double[] truth = out.initialRow(row);
                                System.arraycopy(
                                        x.initialRow(row), xColumn, truth, outColumn, columns);
                                return new Truth(truth);
                            });
                });
    }

    static KernelWorkload attention(int queries, int positions, int heads, int headDim) {
        int width = heads * headDim;
        return new KernelWorkload(
                Op.BIDIRECTIONAL_ATTENTION,
                queries + " over " + positions + " heads " + heads + "x" + headDim,
                4L * queries * positions * width,
                f -> {
                    GuardedTensor q = f.input("q", queries, width);
                    GuardedTensor k = f.input("k", positions, width);
                    GuardedTensor v = f.input("v", positions, width);
                    GuardedTensor out = f.output("out", f.dtype, queries, width);
                    f.call(
                            kernels ->
                                    kernels.bidirectionalAttention(
                                            out.live(), q.live(), k.live(), v.live(), heads));
                    f.cost(
                            Fixture.bytesOf(q.live(), k.live(), v.live(), out.live()),
                            4L * queries * positions * width);
                    double[] keys = all(k, positions, width);
                    double[] values = all(v, positions, width);
                    var shape = new io.sparktts.backend.AttentionShape(heads, heads, headDim);
                    f.expectRows(
                            out,
                            Tolerance.of(Op.BIDIRECTIONAL_ATTENTION, f.variant),
                            (long) positions + headDim,
                            row ->
                                    new Truth(
                                            Oracle.attention(
                                                    q.initialRow(row),
                                                    0,
                                                    keys,
                                                    values,
                                                    positions,
                                                    shape),
                                            1));
                });
    }

    static double[] all(GuardedTensor t, int rows, int n) {
        double[] out = new double[rows * n];
        for (int i = 0; i < out.length; i++) {
            out[i] = t.initial(i);
        }
        return out;
    }
}
