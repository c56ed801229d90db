package io.sparktts.contract;

import io.sparktts.backend.Activation;
import io.sparktts.backend.Conv1d;
import io.sparktts.backend.ConvTranspose1d;
import io.sparktts.backend.DType;
import io.sparktts.backend.HostTensor;
import io.sparktts.backend.Op;
import io.sparktts.backend.Tensor;
import io.sparktts.backend.Weight;
import io.sparktts.backend.WeightRole;
import io.sparktts.model.ConvWeights;

import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Golden checks of the codec's operations in {@code ops}. The files hold {@code [batch, channels,
 * frames]}; each sequence is checked by itself, turned to frames as rows.
 */
final class GoldenCodecOps {
    private static final String PREFIX = "f32.";

    private GoldenCodecOps() {}

    /** One operation on one sequence. */
    private interface OpCheck {
        /** Queues it; {@code x} is {@code [frames, channels]}. */
        Tensor run(GoldenFile file, String key, Tensor x, Bench bench);
    }

    /**
     * @param reduction elements that one result is summed of, over and above the columns
     */
    private record Entry(Op op, boolean channelsFirst, int reduction, OpCheck check) {}

    private static final Map<String, Entry> CHECKS = new TreeMap<>();

    static {
        CHECKS.put("gelu_erf", rows(Op.ACTIVATION, GoldenCodecOps::gelu));
        CHECKS.put(
                "layernorm_1e5", rows(Op.LAYER_NORM, (f, k, x, b) -> layerNorm(f, k, x, b, 1e-5)));
        CHECKS.put(
                "layernorm_1e6", rows(Op.LAYER_NORM, (f, k, x, b) -> layerNorm(f, k, x, b, 1e-6)));
        CHECKS.put("geglu_value_then_gate", rows(Op.GEGLU, GoldenCodecOps::geglu));
        CHECKS.put("l2_rmsnorm", rows(Op.RMS_NORM, GoldenCodecOps::l2Norm));
        CHECKS.put("snake", frames(Op.SNAKE, 1, GoldenCodecOps::snake));
        CHECKS.put("batchnorm_eval", frames(Op.AFFINE, 1, GoldenCodecOps::batchNorm));
        CHECKS.put("conv1d_k7_d1", convolution(Conv1d.same(7, 1)));
        CHECKS.put("conv1d_k7_d3", convolution(Conv1d.same(7, 3)));
        CHECKS.put("conv1d_k7_d9", convolution(Conv1d.same(7, 9)));
        CHECKS.put("conv1d_stride5_k10", convolution(new Conv1d(10, 5, 1, 0)));
        CHECKS.put(
                "conv1d_depthwise_k7", frames(Op.DEPTHWISE_CONV1D, 7, GoldenCodecOps::depthwise));
        CHECKS.put("conv1d_grouped_even_kernel", frames(Op.CONV1D, 64, GoldenCodecOps::grouped));
        CHECKS.put("convtranspose1d_k16_s8", transposed(new ConvTranspose1d(16, 8, 4)));
        CHECKS.put("convtranspose1d_k11_s5", transposed(new ConvTranspose1d(11, 5, 3)));
        CHECKS.put("convtranspose1d_k8_s4", transposed(new ConvTranspose1d(8, 4, 2)));
        CHECKS.put("convtranspose1d_k4_s2", transposed(new ConvTranspose1d(4, 2, 1)));
    }

    private static Entry rows(Op op, OpCheck check) {
        return new Entry(op, false, 1, check);
    }

    private static Entry frames(Op op, int reduction, OpCheck check) {
        return new Entry(op, true, reduction, check);
    }

    private static Entry convolution(Conv1d shape) {
        return frames(
                Op.CONV1D,
                64,
                (f, key, x, b) -> {
                    HostTensor w = f.tensor(key + ".in.w");
                    Tensor out = b.output(DType.F32, shape.frames(x.rows()), w.dim(0));
                    b.kernels.conv1d(out, x, convWeight(w, b), bias(f, key, b), shape);
                    return out;
                });
    }

    private static Weight convWeight(HostTensor w, Bench b) {
        try (Arena arena = Arena.ofShared()) {
            return b.weight(WeightRole.LINEAR, DType.F32, ConvWeights.rows(w, arena));
        }
    }

    private static Tensor bias(GoldenFile f, String key, Bench b) {
        return b.upload(f.tensor(key + ".in.b"), DType.F32);
    }

    private static Entry transposed(ConvTranspose1d shape) {
        return frames(
                Op.CONV_TRANSPOSE1D,
                64,
                (f, key, x, b) -> {
                    HostTensor w = f.tensor(key + ".in.w");
                    HostTensor bias = f.tensor(key + ".in.b");
                    Tensor out = b.output(DType.F32, shape.frames(x.rows()), w.dim(1));
                    try (Arena arena = Arena.ofShared()) {
                        HostTensor rows = ConvWeights.transposed(w, shape, arena);
                        HostTensor tiled = ConvWeights.repeat(bias, shape.stride(), arena);
                        Weight weight = b.weight(WeightRole.LINEAR, DType.F32, rows);
                        Tensor biases = b.upload(tiled, DType.F32);
                        b.kernels.convTranspose1d(out, x, weight, biases, shape);
                    }
                    return out;
                });
    }

    /** Everything in {@code ops} that the codec uses beyond the language model. */
    static List<GoldenCheck> all(Path directory) {
        Path path = directory.resolve("ops/ops_golden.safetensors");
        List<GoldenCheck> checks = new ArrayList<>();
        CHECKS.forEach(
                (name, entry) ->
                        checks.add(
                                new GoldenCheck(
                                        "ops " + PREFIX + name,
                                        DType.F32,
                                        List.of(entry.op, Op.LINEAR, Op.COPY_COLUMNS),
                                        (bench, c) ->
                                                check(path, PREFIX + name, entry, bench, c))));
        checks.add(
                new GoldenCheck(
                        "ops " + PREFIX + "adalayernorm",
                        DType.F32,
                        List.of(Op.LAYER_NORM, Op.LINEAR),
                        (bench, c) -> adaLayerNorm(path, PREFIX + "adalayernorm", bench, c)));
        return checks;
    }

    private static void check(
            Path path, String key, Entry entry, Bench bench, Comparison.Builder c) {
        try (GoldenFile f = GoldenFile.open(path)) {
            HostTensor x = f.tensor(key + ".in.x");
            HostTensor truth = f.tensor(key + ".truth");
            int batch = entry.channelsFirst ? (int) x.dim(0) : 1;
            for (int i = 0; i < batch; i++) {
                Tensor in = entry.channelsFirst ? turned(x, i, bench) : bench.upload(x, DType.F32);
                Tensor out = entry.check.run(f, key, in, bench);
                double[] expected = entry.channelsFirst ? turned(truth, i) : truth.toDoubles();
                bench.compare(
                        out,
                        expected,
                        DType.F32,
                        expected.length,
                        bench.tolerance(entry.op),
                        (long) entry.reduction + out.columns(),
                        key,
                        c);
            }
        }
    }

    /** Sequence {@code i} of {@code [batch, channels, frames]} as {@code [frames, channels]}. */
    static double[] turned(HostTensor t, int i) {
        int channels = (int) t.dim(1);
        int frames = (int) t.dim(2);
        double[] out = new double[channels * frames];
        for (int c = 0; c < channels; c++) {
            for (int n = 0; n < frames; n++) {
                out[n * channels + c] = t.get(((long) i * channels + c) * frames + n);
            }
        }
        return out;
    }

    private static Tensor turned(HostTensor t, int i, Bench b) {
        return b.upload(DType.F32, turned(t, i), t.dim(2), t.dim(1));
    }

    private static Tensor gelu(GoldenFile f, String key, Tensor x, Bench b) {
        Tensor out = b.output(DType.F32, x.shape());
        b.kernels.activation(out, x, Activation.GELU);
        return out;
    }

    private static Tensor layerNorm(GoldenFile f, String key, Tensor x, Bench b, double epsilon) {
        Tensor out = b.output(DType.F32, x.shape());
        Tensor weight = b.upload(f.tensor(key + ".in.w"), DType.F32);
        b.kernels.layerNorm(out, x, weight, bias(f, key, b), epsilon);
        return out;
    }

    private static Tensor geglu(GoldenFile f, String key, Tensor x, Bench b) {
        Tensor out = b.output(DType.F32, x.rows(), x.columns() / 2);
        b.kernels.geglu(out, x);
        return out;
    }

    /** {@code x / |x| sqrt(n) gamma} is a root mean square norm. */
    private static Tensor l2Norm(GoldenFile f, String key, Tensor x, Bench b) {
        Tensor out = b.output(DType.F32, x.shape());
        b.kernels.rmsNorm(out, x, b.upload(f.tensor(key + ".in.gamma"), DType.F32), 1e-24);
        return out;
    }

    private static Tensor snake(GoldenFile f, String key, Tensor x, Bench b) {
        Tensor out = b.output(DType.F32, x.shape());
        b.kernels.snake(out, x, b.upload(f.tensor(key + ".in.alpha"), DType.F32));
        return out;
    }

    private static Tensor batchNorm(GoldenFile f, String key, Tensor x, Bench b) {
        double[] w = f.values(key + ".in.w");
        double[] shift = f.values(key + ".in.b");
        double[] mean = f.values(key + ".in.m");
        double[] variance = f.values(key + ".in.v");
        double[] scale = new double[w.length];
        Arrays.setAll(scale, i -> w[i] / Math.sqrt(variance[i] + 1e-5));
        double[] moved = new double[w.length];
        Arrays.setAll(moved, i -> shift[i] - mean[i] * scale[i]);
        Tensor out = b.output(DType.F32, x.shape());
        Tensor factors = b.upload(DType.F32, scale, scale.length);
        b.kernels.affine(out, x, factors, b.upload(DType.F32, moved, moved.length));
        return out;
    }

    private static Tensor depthwise(GoldenFile f, String key, Tensor x, Bench b) {
        Tensor out = b.output(DType.F32, x.shape());
        HostTensor w = f.tensor(key + ".in.w");
        try (Arena arena = Arena.ofShared()) {
            Tensor taps = b.upload(ConvWeights.depthwise(w, arena), DType.F32);
            Conv1d shape = Conv1d.same((int) w.dim(2), 1);
            b.kernels.depthwiseConv1d(out, x, taps, bias(f, key, b), shape);
        }
        return out;
    }

    /** As the positional convolution of wav2vec2: the last of the frames that padding adds goes. */
    private static Tensor grouped(GoldenFile f, String key, Tensor x, Bench b) {
        HostTensor w = f.tensor(key + ".in.w");
        int kernel = (int) w.dim(2);
        int width = (int) w.dim(1);
        Conv1d shape = new Conv1d(kernel, 1, 1, kernel / 2);
        int groups = x.columns() / width;
        int outs = (int) w.dim(0) / groups;
        Tensor out = b.output(DType.F32, x.rows(), w.dim(0));
        Tensor bias = bias(f, key, b);
        for (int g = 0; g < groups; g++) {
            long from = (long) g * outs * width * kernel * Float.BYTES;
            HostTensor part =
                    new HostTensor(
                            DType.F32,
                            new long[] {outs, width, kernel},
                            w.data().asSlice(from, (long) outs * width * kernel * Float.BYTES));
            Tensor seen = b.output(DType.F32, x.rows(), (long) kernel * width);
            Tensor y = b.output(DType.F32, x.rows(), outs);
            b.kernels.unfold(seen, x, shape.window(), g * width);
            b.kernels.linear(y, seen, convWeight(part, b), bias.view((long) g * outs, outs));
            b.kernels.copyColumns(out, g * outs, y, 0, outs);
        }
        return out;
    }

    private static void adaLayerNorm(Path path, String key, Bench b, Comparison.Builder c) {
        try (GoldenFile f = GoldenFile.open(path)) {
            HostTensor x = f.tensor(key + ".in.x");
            Tensor all = b.upload(x, DType.F32);
            Tensor condition = b.upload(f.tensor(key + ".in.c"), DType.F32);
            int n = all.columns();
            int frames = (int) x.dim(1);
            Tensor scale = speaker(f, key + ".in.s", condition, b);
            Tensor shift = speaker(f, key + ".in.h", condition, b);
            Tensor out = b.output(DType.F32, x.shape());
            for (int i = 0; i < x.dim(0); i++) {
                long at = (long) i * frames * n;
                b.kernels.layerNorm(
                        out.view(at, frames, n),
                        all.view(at, frames, n),
                        scale.view((long) i * n, n),
                        shift.view((long) i * n, n),
                        1e-6);
            }
            b.compare(
                    out,
                    f.values(key + ".truth"),
                    DType.F32,
                    n,
                    b.tolerance(Op.LAYER_NORM),
                    (long) n + condition.columns(),
                    key,
                    c);
        }
    }

    private static Tensor speaker(GoldenFile f, String name, Tensor condition, Bench b) {
        HostTensor w = f.tensor(name + "w");
        Tensor out = b.output(DType.F32, condition.rows(), w.dim(0));
        Tensor bias = b.upload(f.tensor(name + "b"), DType.F32);
        b.kernels.linear(out, condition, b.weight(WeightRole.LINEAR, DType.F32, w), bias);
        return out;
    }
}
