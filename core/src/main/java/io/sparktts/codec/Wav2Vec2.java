package io.sparktts.codec;

import io.sparktts.backend.Activation;
import io.sparktts.backend.Conv1d;
import io.sparktts.backend.Kernels;
import io.sparktts.backend.Tensor;
import io.sparktts.backend.Weight;
import io.sparktts.backend.WeightRole;
import io.sparktts.backend.Window;
import io.sparktts.codec.VocosBackbone.Norm;
import io.sparktts.model.ConvWeights;
import io.sparktts.model.Wav2Vec2Config;
import io.sparktts.model.WeightLoader;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * wav2vec 2.0 (Baevski et al. 2020) up to the layer that the semantic tokens need: the mean of the
 * residual stream after three of its layers, without a final norm.
 */
final class Wav2Vec2 {
    private static final List<Integer> FEATURE_LAYERS = Wav2Vec2Config.FEATURE_LAYERS;

    private final Wav2Vec2Config config;
    private final List<Convolution> convolutions = new ArrayList<>();
    private final Norm projectionNorm;
    private final Weight projection;
    private final Tensor projectionBias;

    /** The positional convolution, group by group. */
    private final List<Weight> positional = new ArrayList<>();

    private final Tensor positionalBias;
    private final List<Layer> layers = new ArrayList<>();
    private final Tensor third;

    private record Convolution(Weight weight, Tensor bias, Conv1d shape, Norm norm) {}

    private record Linear(Weight weight, Tensor bias) {
        static Linear load(WeightLoader loader, String prefix) {
            return new Linear(
                    loader.weight(WeightRole.LINEAR, prefix + "weight"),
                    loader.vector(prefix + "bias"));
        }

        void run(Kernels k, Tensor out, Tensor x) {
            k.linear(out, x, weight, bias);
        }
    }

    private record Layer(
            Norm attentionNorm,
            Linear query,
            Linear key,
            Linear value,
            Linear output,
            Norm feedForwardNorm,
            Linear up,
            Linear down) {
        static Layer load(WeightLoader loader, String prefix) {
            return new Layer(
                    Norm.load(loader, prefix + "layer_norm."),
                    Linear.load(loader, prefix + "attention.q_proj."),
                    Linear.load(loader, prefix + "attention.k_proj."),
                    Linear.load(loader, prefix + "attention.v_proj."),
                    Linear.load(loader, prefix + "attention.out_proj."),
                    Norm.load(loader, prefix + "final_layer_norm."),
                    Linear.load(loader, prefix + "feed_forward.intermediate_dense."),
                    Linear.load(loader, prefix + "feed_forward.output_dense."));
        }

        /** Pre-norm: {@code x += attention(norm(x)); x += feedForward(norm(x))}. */
        void run(Kernels k, Tensor x, int heads, double epsilon) {
            long n = x.columns();
            Tensor normed = k.scratch("wav2vec2.normed", x.dtype(), x.rows(), n);
            Tensor q = k.scratch("wav2vec2.q", x.dtype(), x.rows(), n);
            Tensor keys = k.scratch("wav2vec2.k", x.dtype(), x.rows(), n);
            Tensor values = k.scratch("wav2vec2.v", x.dtype(), x.rows(), n);
            k.layerNorm(normed, x, attentionNorm.weight(), attentionNorm.bias(), epsilon);
            query.run(k, q, normed);
            key.run(k, keys, normed);
            value.run(k, values, normed);
            k.bidirectionalAttention(normed, q, keys, values, heads);
            output.run(k, q, normed);
            k.add(x, x, q);
            k.layerNorm(normed, x, feedForwardNorm.weight(), feedForwardNorm.bias(), epsilon);
            Tensor wide = k.scratch("wav2vec2.wide", x.dtype(), x.rows(), up.weight.outFeatures());
            up.run(k, wide, normed);
            k.activation(wide, wide, Activation.GELU);
            down.run(k, q, wide);
            k.add(x, x, q);
        }
    }

    Wav2Vec2(WeightLoader loader, Wav2Vec2Config config) {
        this.config = config;
        for (int i = 0; i < config.convKernels().size(); i++) {
            String prefix = "feature_extractor.conv_layers." + i + ".";
            int kernel = config.convKernels().get(i);
            int stride = config.convStrides().get(i);
            convolutions.add(
                    new Convolution(
                            loader.convolution(prefix + "conv.weight"),
                            loader.vector(prefix + "conv.bias"),
                            new Conv1d(kernel, stride, 1, 0),
                            Norm.load(loader, prefix + "layer_norm.")));
        }
        projectionNorm = Norm.load(loader, "feature_projection.layer_norm.");
        projection = loader.weight(WeightRole.LINEAR, "feature_projection.projection.weight");
        projectionBias = loader.vector("feature_projection.projection.bias");
        String conv = "encoder.pos_conv_embed.conv.";
        int groups = config.positionalGroups();
        for (int g = 0; g < groups; g++) {
            int group = g;
            positional.add(
                    loader.weight(
                            conv + "weight",
                            (w, arena) ->
                                    ConvWeights.rows(ConvWeights.part(w, group, groups), arena)));
        }
        positionalBias = loader.vector(conv + "bias");
        for (int i = 0; i < config.usedLayers(); i++) {
            layers.add(Layer.load(loader, "encoder.layers." + i + "."));
        }
        double[] share = new double[config.hiddenSize()];
        Arrays.fill(share, 1.0 / FEATURE_LAYERS.size());
        third = loader.vector(share);
    }

    /** Width of a frame. */
    int width() {
        return config.hiddenSize();
    }

    /** Frames of so many samples. */
    int frames(int samples) {
        int n = samples;
        for (Convolution c : convolutions) {
            n = c.shape.frames(n);
        }
        return n;
    }

    /**
     * Queues it.
     *
     * @param out {@code [frames, hiddenSize]}
     * @param samples {@code [samples, 1]}: zero mean, unit variance
     */
    void run(Kernels k, Tensor out, Tensor samples) {
        double epsilon = config.layerNormEpsilon();
        Tensor now = samples;
        for (int i = 0; i < convolutions.size(); i++) {
            Convolution c = convolutions.get(i);
            int rows = c.shape.frames(now.rows());
            Tensor next = k.scratch("wav2vec2." + i % 2, out.dtype(), rows, c.weight.outFeatures());
            k.conv1d(next, now, c.weight, c.bias, c.shape);
            k.layerNorm(next, next, c.norm.weight(), c.norm.bias(), epsilon);
            k.activation(next, next, Activation.GELU);
            now = next;
        }
        k.layerNorm(now, now, projectionNorm.weight(), projectionNorm.bias(), epsilon);
        Tensor x = k.scratch("wav2vec2.x", out.dtype(), out.rows(), out.columns());
        k.linear(x, now, projection, projectionBias);
        addPositions(k, x);
        for (int i = 0; i < layers.size(); i++) {
            layers.get(i).run(k, x, config.heads(), epsilon);
            if (FEATURE_LAYERS.getFirst() == i + 1) {
                k.copyColumns(out, 0, x, 0, x.columns());
            } else if (FEATURE_LAYERS.contains(i + 1)) {
                k.add(out, out, x);
            }
        }
        k.affine(out, out, third, null);
    }

    /** {@code x += gelu(conv(x))}, of which the even kernel's last frame is dropped. */
    private void addPositions(Kernels k, Tensor x) {
        int kernel = config.positionalKernel();
        int width = x.columns() / positional.size();
        Window window = new Window(kernel, 1, 1, -(kernel / 2));
        Tensor seen = k.scratch("wav2vec2.seen", x.dtype(), x.rows(), (long) kernel * width);
        Tensor part = k.scratch("wav2vec2.part", x.dtype(), x.rows(), width);
        Tensor all = k.scratch("wav2vec2.positions", x.dtype(), x.rows(), x.columns());
        for (int g = 0; g < positional.size(); g++) {
            Tensor bias = positionalBias.view((long) g * width, width);
            k.unfold(seen, x, window, g * width);
            k.linear(part, seen, positional.get(g), bias);
            k.copyColumns(all, g * width, part, 0, width);
        }
        k.activation(all, all, Activation.GELU);
        k.add(x, x, all);
    }
}
