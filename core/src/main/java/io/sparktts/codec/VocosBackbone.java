package io.sparktts.codec;

import io.sparktts.backend.Conv1d;
import io.sparktts.backend.ConvNextWeights;
import io.sparktts.backend.Kernels;
import io.sparktts.backend.Tensor;
import io.sparktts.backend.Weight;
import io.sparktts.backend.WeightRole;
import io.sparktts.model.ConvWeights;
import io.sparktts.model.WeightLoader;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;

/**
 * A stack of ConvNeXt blocks (Siuzdak 2023): embedding convolution, norm, blocks, final norm. Its
 * norms are its own, or the speaker's.
 */
final class VocosBackbone {
    /** Of all norms of the codec. */
    static final double EPSILON = 1e-6;

    private final Weight embed;
    private final Tensor embedBias;
    private final Conv1d embedShape;
    private final @Nullable Norm norm;
    private final List<Block> blocks = new ArrayList<>();
    private final Norm finalNorm;

    /** Weight and bias of a layer norm, {@code [width]} each. */
    record Norm(Tensor weight, Tensor bias) {
        static Norm load(WeightLoader loader, String prefix) {
            return new Norm(loader.vector(prefix + "weight"), loader.vector(prefix + "bias"));
        }
    }

    private record Block(ConvNextWeights weights, @Nullable Norm norm) {}

    /**
     * @param inputScale a factor of the input, folded into the embedding convolution
     * @param adaptive whether the norms are the speaker's
     */
    VocosBackbone(
            WeightLoader loader, String prefix, int layers, double inputScale, boolean adaptive) {
        String weight = prefix + "embed.weight";
        embedShape = Conv1d.same((int) loader.shape(weight)[2], 1);
        embed =
                loader.weight(
                        weight,
                        (w, arena) ->
                                ConvWeights.scaled(ConvWeights.rows(w, arena), inputScale, arena));
        embedBias = loader.vector(prefix + "embed.bias");
        norm = adaptive ? null : Norm.load(loader, prefix + "norm.");
        for (int i = 0; i < layers; i++) {
            String block = prefix + "convnext." + i + ".";
            Norm own = adaptive ? null : Norm.load(loader, block + "norm.");
            blocks.add(new Block(convNext(loader, block), own));
        }
        finalNorm = Norm.load(loader, prefix + "final_layer_norm.");
    }

    private static ConvNextWeights convNext(WeightLoader loader, String prefix) {
        double[] gamma = loader.values(prefix + "gamma");
        double[] bias = loader.values(prefix + "pwconv2.bias");
        for (int i = 0; i < bias.length; i++) {
            bias[i] *= gamma[i];
        }
        return new ConvNextWeights(
                loader.tensor(prefix + "dwconv.weight", ConvWeights::depthwise),
                loader.vector(prefix + "dwconv.bias"),
                loader.weight(WeightRole.LINEAR, prefix + "pwconv1.weight"),
                loader.vector(prefix + "pwconv1.bias"),
                loader.weight(
                        prefix + "pwconv2.weight",
                        (w, arena) -> ConvWeights.scaledRows(w, gamma, arena)),
                loader.vector(bias));
    }

    /** Width of the output. */
    int width() {
        return embed.outFeatures();
    }

    /** Frames on either side that an output frame depends on. */
    int reach() {
        int frames = (embedShape.kernel() - 1) / 2;
        for (Block b : blocks) {
            frames += (b.weights.depthwise().rows() - 1) / 2;
        }
        return frames;
    }

    /**
     * Queues it.
     *
     * @param out {@code [frames, width]}
     * @param x {@code [frames, inputs]}
     * @param speaker the norms, one per block after the first; null where they are its own
     */
    void run(Kernels k, Tensor out, Tensor x, @Nullable List<Norm> speaker) {
        k.conv1d(out, x, embed, embedBias, embedShape);
        Norm first = choose(norm, speaker, 0);
        k.layerNorm(out, out, first.weight, first.bias, EPSILON);
        for (int i = 0; i < blocks.size(); i++) {
            Block b = blocks.get(i);
            Norm n = choose(b.norm, speaker, i + 1);
            k.convNextBlock(out, b.weights, n.weight, n.bias, EPSILON);
        }
        k.layerNorm(out, out, finalNorm.weight, finalNorm.bias, EPSILON);
    }

    private static Norm choose(@Nullable Norm own, @Nullable List<Norm> speaker, int i) {
        if (own != null) {
            return own;
        }
        if (speaker == null) {
            throw new IllegalArgumentException("these norms are the speaker's; none was given");
        }
        return speaker.get(i);
    }
}
