package io.sparktts.contract;

import io.sparktts.backend.Conv1d;
import io.sparktts.backend.ConvNextWeights;
import io.sparktts.backend.ConvTranspose1d;
import io.sparktts.backend.DType;
import io.sparktts.backend.HostTensor;
import io.sparktts.backend.Op;
import io.sparktts.backend.ResidualUnitWeights;
import io.sparktts.backend.Tensor;
import io.sparktts.backend.Weight;
import io.sparktts.backend.WeightRole;
import io.sparktts.backend.Window;
import io.sparktts.contract.Fixture.Truth;
import io.sparktts.model.ConvWeights;
import io.sparktts.oracle.CodecOracle;
import io.sparktts.oracle.Oracle;

import java.util.Arrays;

/** Convolutions over time, and the codec's blocks made of them. */
final class ConvWorkloads {
    private ConvWorkloads() {}

    private static double[][] rows(GuardedTensor t, int n) {
        double[][] rows = new double[n][];
        Arrays.setAll(rows, t::initialRow);
        return rows;
    }

    static KernelWorkload unfold(int frames, int channels, int first, int n, Conv1d shape) {
        int rows = shape.frames(frames);
        Window window = shape.window();
        return new KernelWorkload(
                Op.UNFOLD,
                frames + "x" + channels + " from " + first + " " + text(shape),
                (long) rows * window.taps() * n,
                f -> {
                    GuardedTensor x = f.input("x", frames, channels);
                    GuardedTensor out = f.output("out", f.dtype, rows, (long) window.taps() * n);
                    double[][] in = rows(x, frames);
                    f.call(k -> k.unfold(out.live(), x.live(), window, first));
                    f.cost(Fixture.bytesOf(x.live(), out.live()), 0);
                    f.expectRows(
                            out,
                            Tolerance.EXACT,
                            1,
                            row -> new Truth(CodecOracle.unfold(in, row, window, first, n)));
                });
    }

    private static String text(Conv1d s) {
        return "k" + s.kernel() + " s" + s.stride() + " d" + s.dilation() + " p" + s.padding();
    }

    static KernelWorkload conv1d(int frames, int in, int out, boolean biased, Conv1d shape) {
        return conv1d(frames, in, out, biased, false, shape);
    }

    /**
     * @param wide F32 output beside whatever input
     */
    static KernelWorkload conv1d(
            int frames, int in, int out, boolean biased, boolean wide, Conv1d shape) {
        int rows = shape.frames(frames);
        int width = shape.kernel() * in;
        long flops = 2L * rows * width * out;
        return new KernelWorkload(
                Op.CONV1D,
                frames
                        + "x"
                        + in
                        + "->"
                        + out
                        + " "
                        + text(shape)
                        + (biased ? " bias" : "")
                        + (wide ? " to f32" : ""),
                flops,
                f -> {
                    HostTensor w = f.matrix(out, width);
                    Weight weight = f.weight(WeightRole.LINEAR, w);
                    GuardedTensor x = f.input("x", frames, in);
                    GuardedTensor b = f.input("bias", out);
                    DType outType = wide && f.dtype != DType.F64 ? DType.F32 : f.dtype;
                    GuardedTensor y = f.output("out", outType, rows, out);
                    double[][] seen = rows(x, frames);
                    double[] bias = biased ? b.initialRow(0) : null;
                    Tensor biasTensor = biased ? b.live() : null;
                    f.call(k -> k.conv1d(y.live(), x.live(), weight, biasTensor, shape));
                    f.cost(weight.byteSize() + Fixture.bytesOf(x.live(), y.live()), flops);
                    f.expectRows(
                            y,
                            Tolerance.of(Op.CONV1D, f.variant),
                            width,
                            row -> product(seen, row, shape.window(), w, bias));
                });
    }

    private static Truth product(
            double[][] x, int row, Window window, HostTensor w, double[] bias) {
        double[] seen = CodecOracle.unfold(x, row, window, 0, x[0].length);
        double[] truth = MatrixWorkloads.product(w, seen, null);
        return new Truth(
                bias == null ? truth : Oracle.add(truth, bias), Fixture.magnitude(seen, w));
    }

    static KernelWorkload depthwise(int frames, int channels, Conv1d shape) {
        int rows = shape.frames(frames);
        long flops = 2L * rows * shape.kernel() * channels;
        return new KernelWorkload(
                Op.DEPTHWISE_CONV1D,
                frames + "x" + channels + " " + text(shape),
                flops,
                f -> {
                    GuardedTensor x = f.input("x", frames, channels);
                    GuardedTensor w = f.input("weight", shape.kernel(), channels);
                    GuardedTensor b = f.input("bias", channels);
                    GuardedTensor out = f.output("out", f.dtype, rows, channels);
                    double[][] in = rows(x, frames);
                    double[] weight = CodecWorkloads.all(w, shape.kernel(), channels);
                    double[] bias = b.initialRow(0);
                    f.call(k -> k.depthwiseConv1d(out.live(), x.live(), w.live(), b.live(), shape));
                    f.cost(Fixture.bytesOf(x.live(), w.live(), out.live()), flops);
                    f.expectRows(
                            out,
                            Tolerance.of(Op.DEPTHWISE_CONV1D, f.variant),
                            shape.kernel(),
                            row ->
                                    new Truth(
                                            CodecOracle.depthwise(
                                                    in, row, shape.window(), weight, bias)));
                });
    }

    /** The truth is the published definition, from the published weight. */
    static KernelWorkload convTranspose1d(int frames, int in, int out, ConvTranspose1d shape) {
        int rows = shape.frames(frames);
        int kernel = shape.kernel();
        long flops = 2L * frames * in * out * kernel;
        return new KernelWorkload(
                Op.CONV_TRANSPOSE1D,
                frames
                        + "x"
                        + in
                        + "->"
                        + out
                        + " k"
                        + kernel
                        + " s"
                        + shape.stride()
                        + " p"
                        + shape.padding(),
                flops,
                f -> {
                    HostTensor flat = f.matrix(in, out * kernel);
                    HostTensor w =
                            new HostTensor(flat.dtype(), new long[] {in, out, kernel}, flat.data());
                    Weight weight =
                            f.weight(WeightRole.LINEAR, ConvWeights.transposed(w, shape, f.arena));
                    GuardedTensor x = f.input("x", frames, in);
                    double[] bias = new double[out];
                    Arrays.setAll(bias, o -> f.random().nextInt(-8, 9) / 4.0);
                    double[] repeated = new double[shape.stride() * out];
                    Arrays.setAll(repeated, i -> bias[i % out]);
                    GuardedTensor b =
                            f.values(
                                    "bias",
                                    f.dtype,
                                    GuardedTensor.Use.INPUT,
                                    repeated,
                                    repeated.length);
                    GuardedTensor y = f.output("out", f.dtype, rows, out);
                    double[][] seen = rows(x, frames);
                    f.call(k -> k.convTranspose1d(y.live(), x.live(), weight, b.live(), shape));
                    f.cost(weight.byteSize() + Fixture.bytesOf(x.live(), y.live()), flops);
                    f.expectRows(
                            y,
                            Tolerance.of(Op.CONV_TRANSPOSE1D, f.variant),
                            (long) in * shape.taps(),
                            row -> transposed(seen, row, w, bias, shape));
                });
    }

    private static Truth transposed(
            double[][] x, int row, HostTensor w, double[] bias, ConvTranspose1d shape) {
        double[] truth = bias.clone();
        double[] squares = new double[bias.length];
        for (int i = 0; i < x.length; i++) {
            int tap = row - (i * shape.stride() - shape.padding());
            if (tap < 0 || tap >= shape.kernel()) {
                continue;
            }
            for (int o = 0; o < bias.length; o++) {
                for (int c = 0; c < x[i].length; c++) {
                    double p = x[i][c] * w.get(((long) c * bias.length + o) * shape.kernel() + tap);
                    truth[o] += p;
                    squares[o] += p * p;
                }
            }
        }
        return new Truth(truth, Math.sqrt(Arrays.stream(squares).max().orElse(0)));
    }

    static KernelWorkload residualUnit(int frames, int channels, int dilation) {
        Conv1d shape = Conv1d.same(7, dilation);
        int width = shape.kernel() * channels;
        long flops = 2L * frames * channels * (width + channels);
        return new KernelWorkload(
                Op.RESIDUAL_UNIT,
                frames + "x" + channels + " d" + dilation,
                flops,
                f -> {
                    HostTensor w1 = f.matrix(channels, width);
                    HostTensor w2 = f.matrix(channels, channels);
                    GuardedTensor a1 = near("alpha1", f, channels);
                    GuardedTensor a2 = near("alpha2", f, channels);
                    GuardedTensor b1 = f.input("bias1", channels);
                    GuardedTensor b2 = f.input("bias2", channels);
                    var weights =
                            new ResidualUnitWeights(
                                    a1.live(),
                                    f.weight(WeightRole.LINEAR, w1),
                                    b1.live(),
                                    shape,
                                    a2.live(),
                                    f.weight(WeightRole.LINEAR, w2),
                                    b2.live());
                    GuardedTensor x = f.input("x", frames, channels);
                    GuardedTensor out = f.output("out", f.dtype, frames, channels);
                    double[][] active = rows(x, frames);
                    Arrays.setAll(active, t -> CodecOracle.snake(active[t], a1.initialRow(0)));
                    f.call(k -> k.residualUnit(out.live(), x.live(), weights));
                    f.cost(
                            (w1.elements() + w2.elements()) * f.dtype.bytes()
                                    + Fixture.bytesOf(x.live(), out.live()),
                            flops);
                    f.expectRows(
                            out,
                            Tolerance.of(Op.RESIDUAL_UNIT, f.variant),
                            width,
                            row -> {
                                Truth inner =
                                        product(active, row, shape.window(), w1, b1.initialRow(0));
                                double[] h = CodecOracle.snake(inner.values(), a2.initialRow(0));
                                double[] y = MatrixWorkloads.product(w2, h, b2.initialRow(0));
                                return new Truth(
                                        Oracle.add(y, x.initialRow(row)),
                                        inner.magnitude() + Fixture.magnitude(h, w2));
                            });
                });
    }

    /** Factors around 1, as a trained snake has. */
    private static GuardedTensor near(String name, Fixture f, int n) {
        double[] values = new double[n];
        Arrays.setAll(values, i -> 1 + 0.25 * f.random().nextGaussian());
        return f.values(name, f.dtype, GuardedTensor.Use.INPUT, values, n);
    }

    static KernelWorkload convNextBlock(int frames, int channels, int inner) {
        Conv1d shape = Conv1d.same(7, 1);
        long flops = 4L * frames * channels * inner;
        return new KernelWorkload(
                Op.CONV_NEXT_BLOCK,
                frames + "x" + channels + "->" + inner,
                flops,
                f -> {
                    HostTensor w1 = f.matrix(inner, channels);
                    HostTensor w2 = f.matrix(channels, inner);
                    GuardedTensor depthwise = f.input("depthwise", shape.kernel(), channels);
                    GuardedTensor bias = f.input("depthwiseBias", channels);
                    GuardedTensor norm = near("norm", f, channels);
                    GuardedTensor normBias = f.input("normBias", channels);
                    GuardedTensor b1 = f.input("bias1", inner);
                    GuardedTensor b2 = f.input("bias2", channels);
                    var weights =
                            new ConvNextWeights(
                                    depthwise.live(),
                                    bias.live(),
                                    f.weight(WeightRole.LINEAR, w1),
                                    b1.live(),
                                    f.weight(WeightRole.LINEAR, w2),
                                    b2.live());
                    GuardedTensor x = f.inOut("x", frames, channels);
                    f.call(
                            k ->
                                    k.convNextBlock(
                                            x.live(),
                                            weights,
                                            norm.live(),
                                            normBias.live(),
                                            RowWorkloads.EPSILON));
                    f.cost(
                            (w1.elements() + w2.elements()) * f.dtype.bytes()
                                    + 2 * x.live().byteSize(),
                            flops);
                    double[][] in = rows(x, frames);
                    double[] taps = CodecWorkloads.all(depthwise, shape.kernel(), channels);
                    f.expectRows(
                            x,
                            Tolerance.of(Op.CONV_NEXT_BLOCK, f.variant),
                            (long) channels + inner,
                            row -> {
                                double[] mixed =
                                        CodecOracle.depthwise(
                                                in, row, shape.window(), taps, bias.initialRow(0));
                                double[] h =
                                        CodecOracle.layerNorm(
                                                mixed,
                                                norm.initialRow(0),
                                                normBias.initialRow(0),
                                                RowWorkloads.EPSILON);
                                double[] wide =
                                        Arrays.stream(
                                                        MatrixWorkloads.product(
                                                                w1, h, b1.initialRow(0)))
                                                .map(CodecOracle::gelu)
                                                .toArray();
                                double[] y = MatrixWorkloads.product(w2, wide, b2.initialRow(0));
                                return new Truth(
                                        Oracle.add(in[row], y),
                                        Fixture.magnitude(h, w1) + Fixture.magnitude(wide, w2));
                            });
                });
    }
}
