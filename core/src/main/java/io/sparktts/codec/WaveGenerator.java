package io.sparktts.codec;

import io.sparktts.backend.Activation;
import io.sparktts.backend.Conv1d;
import io.sparktts.backend.ConvTranspose1d;
import io.sparktts.backend.Kernels;
import io.sparktts.backend.ResidualUnitWeights;
import io.sparktts.backend.Tensor;
import io.sparktts.backend.Weight;
import io.sparktts.model.ConvWeights;
import io.sparktts.model.WeightLoader;

import java.util.ArrayList;
import java.util.List;

/**
 * Frames to waveform: a convolution, then for each rate a snake, a transposed convolution and three
 * residual units, then snake, convolution and tanh (the decoder of DAC, Kumar et al. 2023).
 */
final class WaveGenerator {
    /** Dilations of the residual units of a stage, constants of the published code. */
    private static final int[] DILATIONS = {1, 3, 9};

    private final Convolution first;
    private final List<Stage> stages = new ArrayList<>();
    private final Tensor lastAlpha;
    private final Convolution last;

    private record Convolution(Weight weight, Tensor bias, Conv1d shape) {
        static Convolution load(WeightLoader loader, String prefix, int dilation) {
            String weight = prefix + "weight";
            return new Convolution(
                    loader.convolution(weight),
                    loader.vector(prefix + "bias"),
                    Conv1d.same((int) loader.shape(weight)[2], dilation));
        }

        int reach() {
            return shape.padding();
        }
    }

    private record Stage(
            Tensor alpha,
            Weight up,
            Tensor upBias,
            ConvTranspose1d shape,
            List<ResidualUnitWeights> units) {}

    /**
     * @param prefix of the modules' numbers, such as {@code decoder.model.}
     */
    WaveGenerator(WeightLoader loader, String prefix, List<Integer> rates, List<Integer> kernels) {
        first = Convolution.load(loader, prefix + "0.", 1);
        for (int i = 0; i < rates.size(); i++) {
            int rate = rates.get(i);
            int kernel = kernels.get(i);
            ConvTranspose1d shape = new ConvTranspose1d(kernel, rate, (kernel - rate) / 2);
            stages.add(stage(loader, prefix + (i + 1) + ".block.", shape));
        }
        int end = rates.size() + 1;
        lastAlpha = loader.vector(prefix + end + ".alpha");
        last = Convolution.load(loader, prefix + (end + 1) + ".", 1);
    }

    private static Stage stage(WeightLoader loader, String prefix, ConvTranspose1d shape) {
        List<ResidualUnitWeights> units = new ArrayList<>();
        for (int i = 0; i < DILATIONS.length; i++) {
            String unit = prefix + (i + 2) + ".block.";
            Convolution dilated = Convolution.load(loader, unit + "1.", DILATIONS[i]);
            Convolution pointwise = Convolution.load(loader, unit + "3.", 1);
            units.add(
                    new ResidualUnitWeights(
                            loader.vector(unit + "0.alpha"),
                            dilated.weight,
                            dilated.bias,
                            dilated.shape,
                            loader.vector(unit + "2.alpha"),
                            pointwise.weight,
                            pointwise.bias));
        }
        return new Stage(
                loader.vector(prefix + "0.alpha"),
                loader.transposed(prefix + "1.weight", shape),
                loader.tensor(
                        prefix + "1.bias",
                        (b, arena) -> ConvWeights.repeat(b, shape.stride(), arena)),
                shape,
                units);
    }

    /** Output samples per input frame. */
    int samplesPerFrame() {
        return stages.stream().mapToInt(s -> s.shape.stride()).reduce(1, (a, b) -> a * b);
    }

    /** Input frames on either side that an output sample depends on. */
    int reach() {
        int steps = last.reach();
        for (Stage s : stages.reversed()) {
            for (ResidualUnitWeights u : s.units) {
                steps += u.shape1().padding();
            }
            ConvTranspose1d shape = s.shape;
            int back = shape.kernel() - 1 - shape.padding();
            steps = (steps + Math.max(back, shape.padding())) / shape.stride();
        }
        return steps + first.reach();
    }

    /**
     * Queues it.
     *
     * @param wave {@code [frames * samplesPerFrame, 1]}, F32 or the model's dtype
     * @param x {@code [frames, inputs]}
     */
    void run(Kernels k, Tensor wave, Tensor x) {
        Alternation memory = new Alternation(k, x);
        int rows = x.rows();
        Tensor now = memory.next(rows, first.weight.outFeatures());
        k.conv1d(now, x, first.weight, first.bias, first.shape);
        for (Stage s : stages) {
            Tensor active = k.scratch("wave.active", x.dtype(), rows, now.columns());
            k.snake(active, now, s.alpha);
            rows = s.shape.frames(rows);
            now = memory.next(rows, s.up.outFeatures() / s.shape.stride());
            k.convTranspose1d(now, active, s.up, s.upBias, s.shape);
            for (ResidualUnitWeights unit : s.units) {
                Tensor out = memory.next(rows, now.columns());
                k.residualUnit(out, now, unit);
                now = out;
            }
        }
        k.snake(now, now, lastAlpha);
        k.conv1d(wave, now, last.weight, last.bias, last.shape);
        k.activation(wave, wave, Activation.TANH);
    }

    /** Two scratch buffers by turns. */
    private static final class Alternation {
        private final Kernels kernels;
        private final Tensor like;
        private int turn;

        Alternation(Kernels kernels, Tensor like) {
            this.kernels = kernels;
            this.like = like;
        }

        Tensor next(long rows, long columns) {
            turn++;
            return kernels.scratch("wave." + turn % 2, like.dtype(), rows, columns);
        }
    }
}
