package io.sparktts.codec;

import io.sparktts.backend.Activation;
import io.sparktts.backend.Conv1d;
import io.sparktts.backend.Kernels;
import io.sparktts.backend.Tensor;
import io.sparktts.backend.Weight;
import io.sparktts.backend.WeightRole;
import io.sparktts.model.WeightLoader;

import java.util.ArrayList;
import java.util.List;

/**
 * ECAPA-TDNN (Desplanques et al. 2020) up to its frame features; pooling and x-vector are not
 * needed for tokens. Every convolution is followed by ReLU, then batch normalisation.
 */
final class Ecapa {
    private static final double BATCH_NORM_EPSILON = 1e-5;

    /** Dilations of the blocks {@code layer2}, {@code layer3}, {@code layer4}. */
    private static final int[] DILATIONS = {2, 3, 4};

    /** Parts that a block's channels are split into, a constant of the published code. */
    private static final int SCALE = 8;

    private final ConvNorm first;
    private final List<Block> blocks = new ArrayList<>();
    private final Weight last;
    private final Tensor lastBias;

    /** Convolution, ReLU and batch normalisation, folded to a scale and a shift. */
    private record ConvNorm(Weight weight, Tensor bias, Conv1d shape, Tensor scale, Tensor shift) {
        static ConvNorm load(WeightLoader loader, String conv, String norm, int dilation) {
            double[] scale = loader.values(norm + "weight");
            double[] shift = loader.values(norm + "bias");
            double[] mean = loader.values(norm + "running_mean");
            double[] variance = loader.values(norm + "running_var");
            for (int i = 0; i < scale.length; i++) {
                scale[i] /= Math.sqrt(variance[i] + BATCH_NORM_EPSILON);
                shift[i] -= mean[i] * scale[i];
            }
            String weight = conv + "weight";
            return new ConvNorm(
                    loader.convolution(weight),
                    loader.vector(conv + "bias"),
                    Conv1d.same((int) loader.shape(weight)[2], dilation),
                    loader.vector(scale),
                    loader.vector(shift));
        }

        void run(Kernels k, Tensor out, Tensor x) {
            k.conv1d(out, x, weight, bias, shape);
            k.activation(out, out, Activation.RELU);
            k.affine(out, out, scale, shift);
        }
    }

    private record Block(
            ConvNorm in,
            List<ConvNorm> parts,
            ConvNorm out,
            Weight squeeze,
            Tensor squeezeBias,
            Weight excite,
            Tensor exciteBias) {
        static Block load(WeightLoader loader, String prefix, int dilation) {
            List<ConvNorm> parts = new ArrayList<>();
            for (int i = 0; i < SCALE - 1; i++) {
                String conv = prefix + "1.convs." + i + ".";
                parts.add(ConvNorm.load(loader, conv, prefix + "1.bns." + i + ".", dilation));
            }
            return new Block(
                    ConvNorm.load(loader, prefix + "0.conv.", prefix + "0.bn.", 1),
                    parts,
                    ConvNorm.load(loader, prefix + "2.conv.", prefix + "2.bn.", 1),
                    loader.weight(WeightRole.LINEAR, prefix + "3.linear1.weight"),
                    loader.vector(prefix + "3.linear1.bias"),
                    loader.weight(WeightRole.LINEAR, prefix + "3.linear2.weight"),
                    loader.vector(prefix + "3.linear2.bias"));
        }

        /** Squeeze-and-excitation Res2 block: {@code out = x + f(x)}. */
        void run(Kernels k, Tensor result, Tensor x) {
            Tensor wide = k.scratch("ecapa.wide", x.dtype(), x.rows(), x.columns());
            in.run(k, wide, x);
            Tensor split = k.scratch("ecapa.split", x.dtype(), x.rows(), x.columns());
            res2(k, split, wide);
            out.run(k, wide, split);
            Tensor mean = k.scratch("ecapa.mean", x.dtype(), 1, x.columns());
            Tensor narrow = k.scratch("ecapa.narrow", x.dtype(), 1, squeeze.outFeatures());
            k.columnMean(mean, wide);
            k.linear(narrow, mean, squeeze, squeezeBias);
            k.activation(narrow, narrow, Activation.RELU);
            k.linear(mean, narrow, excite, exciteBias);
            k.activation(mean, mean, Activation.SIGMOID);
            k.affine(wide, wide, mean, null);
            k.add(result, wide, x);
        }

        /** Each part but the last is convolved together with the result of the one before. */
        private void res2(Kernels k, Tensor result, Tensor x) {
            int width = x.columns() / SCALE;
            Tensor part = k.scratch("ecapa.part", x.dtype(), x.rows(), width);
            Tensor before = k.scratch("ecapa.before", x.dtype(), x.rows(), width);
            for (int i = 0; i < parts.size(); i++) {
                k.copyColumns(part, 0, x, i * width, width);
                if (i > 0) {
                    k.add(part, part, before);
                }
                parts.get(i).run(k, before, part);
                k.copyColumns(result, i * width, before, 0, width);
            }
            int end = parts.size() * width;
            k.copyColumns(result, end, x, end, width);
        }
    }

    Ecapa(WeightLoader loader, String prefix) {
        first = ConvNorm.load(loader, prefix + "layer1.conv.", prefix + "layer1.bn.", 1);
        for (int i = 0; i < DILATIONS.length; i++) {
            String block = prefix + "layer" + (i + 2) + ".se_res2block.";
            blocks.add(Block.load(loader, block, DILATIONS[i]));
        }
        last = loader.convolution(prefix + "conv.weight");
        lastBias = loader.vector(prefix + "conv.bias");
    }

    /** Width of the output. */
    int width() {
        return last.outFeatures();
    }

    /** Queues it: mel frames {@code [frames, mels]} to features {@code [frames, width]}. */
    void run(Kernels k, Tensor out, Tensor mel) {
        int frames = mel.rows();
        int channels = first.weight.outFeatures();
        Tensor now = k.scratch("ecapa.0", mel.dtype(), frames, channels);
        first.run(k, now, mel);
        int count = blocks.size();
        Tensor joined = k.scratch("ecapa.joined", mel.dtype(), frames, (long) count * channels);
        for (int i = 0; i < count; i++) {
            Tensor next = k.scratch("ecapa." + (i + 1), mel.dtype(), frames, channels);
            blocks.get(i).run(k, next, now);
            k.copyColumns(joined, i * channels, next, 0, channels);
            now = next;
        }
        k.linear(out, joined, last, lastBias);
        k.activation(out, out, Activation.RELU);
    }
}
