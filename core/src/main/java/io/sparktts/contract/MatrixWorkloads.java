package io.sparktts.contract;

import io.sparktts.backend.DType;
import io.sparktts.backend.HostTensor;
import io.sparktts.backend.Op;
import io.sparktts.backend.Weight;
import io.sparktts.backend.WeightRole;
import io.sparktts.contract.Fixture.Truth;
import io.sparktts.oracle.Oracle;

import org.jspecify.annotations.Nullable;

import java.util.Arrays;
import java.util.TreeSet;

/** Workloads that multiply by a weight. */
final class MatrixWorkloads {
    /** Wider outputs (a vocabulary) are judged in some columns only. */
    private static final int ALL_COLUMNS = 8192;

    private static final int SAMPLED_COLUMNS = 512;

    private MatrixWorkloads() {}

    /** Row {@code r}, widened. */
    static double[] row(HostTensor matrix, int r) {
        int n = (int) matrix.dim(1);
        double[] out = new double[n];
        for (int i = 0; i < n; i++) {
            out[i] = matrix.get((long) r * n + i);
        }
        return out;
    }

    /** {@code W x + bias} of a host matrix. */
    static double[] product(HostTensor w, double[] x, double @Nullable [] bias) {
        return Oracle.linear(x, (int) w.dim(0), o -> row(w, o), bias);
    }

    private static double[] join(double[]... parts) {
        return Arrays.stream(parts).flatMapToDouble(Arrays::stream).toArray();
    }

    static KernelWorkload linear(int rows, int in, int out) {
        return linear(rows, in, WeightRole.LINEAR, false, false, out);
    }

    /**
     * Any role.
     *
     * @param wide F32 output beside whatever input
     * @param parts rows of each part
     */
    static KernelWorkload linear(
            int rows, int in, WeightRole role, boolean biased, boolean wide, int... parts) {
        int out = Arrays.stream(parts).sum();
        String text =
                rows
                        + "x"
                        + in
                        + "->"
                        + out
                        + (role == WeightRole.LINEAR ? "" : " " + role)
                        + (biased ? " bias" : "")
                        + (wide ? " to f32" : "");
        return new KernelWorkload(
                Op.LINEAR,
                text,
                2L * rows * in * out,
                f -> {
                    HostTensor[] w =
                            Arrays.stream(parts)
                                    .mapToObj(n -> f.matrix(n, in))
                                    .toArray(HostTensor[]::new);
                    Weight weight = f.weight(role, w);
                    GuardedTensor x = f.input("x", rows, in);
                    GuardedTensor b = biased ? f.input("bias", out) : null;
                    double[] bias = b == null ? null : b.initialRow(0);
                    DType outType = wide && f.dtype != DType.F64 ? DType.F32 : f.dtype;
                    GuardedTensor y = f.output("out", outType, rows, out);
                    f.call(k -> k.linear(y.live(), x.live(), weight, b == null ? null : b.live()));
                    f.cost(
                            weight.byteSize() + Fixture.bytesOf(x.live(), y.live()),
                            2L * rows * in * out);
                    Tolerance tolerance = Tolerance.of(Op.LINEAR, f.variant);
                    if (out <= ALL_COLUMNS) {
                        f.expectRows(
                                y,
                                tolerance,
                                in,
                                row -> {
                                    double[] values = x.initialRow(row);
                                    double[] truth =
                                            join(
                                                    Arrays.stream(w)
                                                            .map(m -> product(m, values, null))
                                                            .toArray(double[][]::new));
                                    double magnitude = Fixture.magnitude(values, w[0]);
                                    return new Truth(
                                            bias == null ? truth : Oracle.add(truth, bias),
                                            magnitude);
                                });
                    } else {
                        f.expect(
                                (now, c) ->
                                        someColumns(
                                                f, now.get("out"), x, w[0], bias, tolerance, c));
                    }
                });
    }

    private static void someColumns(
            Fixture f,
            HostTensor actual,
            GuardedTensor x,
            HostTensor w,
            double @Nullable [] bias,
            Tolerance tolerance,
            Comparison.Builder c) {
        int in = (int) w.dim(1);
        int out = (int) w.dim(0);
        TreeSet<Integer> columns = new TreeSet<>();
        f.random().ints(SAMPLED_COLUMNS, 0, out).forEach(columns::add);
        for (int i = 0; i < 64; i++) {
            columns.add(i);
            columns.add(out - 1 - i);
        }
        for (int row = 0; row < actual.dim(0); row++) {
            double[] values = x.initialRow(row);
            double magnitude = Fixture.magnitude(values, w);
            for (int o : columns) {
                double truth =
                        Oracle.dot(values, 0, row(w, o), 0, in) + (bias == null ? 0 : bias[o]);
                double bound = tolerance.bound(actual.dtype(), truth, magnitude, in);
                c.element(
                        actual.get((long) row * out + o),
                        truth,
                        bound,
                        "out",
                        (long) row * out + o);
            }
            for (long i = (long) row * out; i < (row + 1L) * out; i++) {
                c.finite(actual.get(i), "out", i);
            }
        }
    }

    static KernelWorkload swiGlu(int rows, int hidden, int intermediate) {
        long flops = 4L * rows * hidden * intermediate;
        return new KernelWorkload(
                Op.SWI_GLU,
                rows + "x" + hidden + "->" + intermediate,
                flops,
                f -> {
                    HostTensor gate = f.matrix(intermediate, hidden);
                    HostTensor up = f.matrix(intermediate, hidden);
                    Weight gateUp = f.weight(WeightRole.GATE_UP, gate, up);
                    GuardedTensor x = f.input("x", rows, hidden);
                    GuardedTensor out = f.output("out", f.dtype, rows, intermediate);
                    f.call(k -> k.swiGlu(out.live(), x.live(), gateUp));
                    f.cost(gateUp.byteSize() + Fixture.bytesOf(x.live(), out.live()), flops);
                    f.expectRows(
                            out,
                            Tolerance.of(Op.SWI_GLU, f.variant),
                            hidden,
                            row -> {
                                double[] values = x.initialRow(row);
                                double magnitude = Fixture.magnitude(values, up);
                                return new Truth(
                                        activation(values, gate, up),
                                        magnitude * Math.max(1, magnitude));
                            });
                });
    }

    static KernelWorkload mlp(int rows, int hidden, int intermediate) {
        long flops = 6L * rows * hidden * intermediate;
        return new KernelWorkload(
                Op.MLP,
                rows + "x" + hidden + "x" + intermediate,
                flops,
                f -> {
                    HostTensor gate = f.matrix(intermediate, hidden);
                    HostTensor up = f.matrix(intermediate, hidden);
                    HostTensor down = f.matrix(hidden, intermediate);
                    Weight gateUp = f.weight(WeightRole.GATE_UP, gate, up);
                    Weight downward = f.weight(WeightRole.LINEAR, down);
                    GuardedTensor x = f.input("x", rows, hidden);
                    GuardedTensor out = f.output("out", f.dtype, rows, hidden);
                    f.call(k -> k.mlp(out.live(), x.live(), gateUp, downward));
                    f.cost(
                            gateUp.byteSize()
                                    + downward.byteSize()
                                    + Fixture.bytesOf(x.live(), out.live()),
                            flops);
                    f.expectRows(
                            out,
                            Tolerance.of(Op.MLP, f.variant),
                            (long) hidden + intermediate,
                            row -> {
                                double[] inner = activation(x.initialRow(row), gate, up);
                                return new Truth(
                                        product(down, inner, null), Fixture.magnitude(inner, down));
                            });
                });
    }

    private static double[] activation(double[] x, HostTensor gate, HostTensor up) {
        return Oracle.siluMul(join(product(gate, x, null), product(up, x, null)));
    }
}
