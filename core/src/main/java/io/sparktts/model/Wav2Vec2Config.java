package io.sparktts.model;

import java.util.Collections;
import java.util.List;

/**
 * Sizes of a wav2vec2 feature extractor, as its {@code config.json} names them.
 *
 * @param hiddenSize width of the transformer
 * @param layers of the whole checkpoint
 * @param heads attention heads
 * @param intermediateSize width of the feed-forward layers
 * @param layerNormEpsilon of all norms
 * @param convDims output channels of the convolutions
 * @param convKernels their taps
 * @param convStrides their strides
 * @param positionalKernel taps of the positional convolution
 * @param positionalGroups its groups
 */
public record Wav2Vec2Config(
        int hiddenSize,
        int layers,
        int heads,
        int intermediateSize,
        double layerNormEpsilon,
        List<Integer> convDims,
        List<Integer> convKernels,
        List<Integer> convStrides,
        int positionalKernel,
        int positionalGroups) {
    /** Layers whose outputs are averaged to BiCodec's features; the layers after them never run. */
    public static final List<Integer> FEATURE_LAYERS = List.of(11, 14, 16);

    /** The published wav2vec2-large-xlsr-53. */
    public static final Wav2Vec2Config XLSR_53 =
            new Wav2Vec2Config(
                    1024,
                    24,
                    16,
                    4096,
                    1e-5,
                    Collections.nCopies(7, 512),
                    List.of(10, 3, 3, 3, 3, 2, 2),
                    List.of(5, 2, 2, 2, 2, 2, 2),
                    128,
                    16);

    /** The same model at a size for tests. */
    public static final Wav2Vec2Config TINY =
            new Wav2Vec2Config(
                    16,
                    17,
                    4,
                    24,
                    1e-5,
                    Collections.nCopies(7, 8),
                    List.of(10, 3, 3, 3, 3, 2, 2),
                    List.of(5, 2, 2, 2, 2, 2, 2),
                    16,
                    4);

    public Wav2Vec2Config {
        convDims = List.copyOf(convDims);
        convKernels = List.copyOf(convKernels);
        convStrides = List.copyOf(convStrides);
        Require.positive("hidden_size", hiddenSize);
        Require.positive("num_hidden_layers", layers);
        Require.positive("num_attention_heads", heads);
        Require.positive("intermediate_size", intermediateSize);
        Require.positive("layer_norm_eps", layerNormEpsilon);
        Require.positive("conv_dim", convDims);
        Require.positive("conv_kernel", convKernels);
        Require.positive("conv_stride", convStrides);
        Require.positive("num_conv_pos_embeddings", positionalKernel);
        Require.positive("num_conv_pos_embedding_groups", positionalGroups);
        Require.sameLength("conv_dim", convDims, "conv_kernel", convKernels);
        Require.sameLength("conv_dim", convDims, "conv_stride", convStrides);
        for (int i = 0; i < convKernels.size(); i++) {
            Require.kernelCoversStride(
                    "conv_kernel", convKernels.get(i), "its stride", convStrides.get(i));
        }
        Require.multiple("hidden_size", hiddenSize, "num_attention_heads", heads);
        Require.multiple(
                "hidden_size", hiddenSize, "num_conv_pos_embedding_groups", positionalGroups);
        if (layers < FEATURE_LAYERS.getLast()) {
            throw new IllegalArgumentException(
                    "num_hidden_layers "
                            + layers
                            + " is less than "
                            + FEATURE_LAYERS.getLast()
                            + ", the last layer that features are taken from");
        }
    }

    /** Layers that features need. */
    public int usedLayers() {
        return FEATURE_LAYERS.getLast();
    }
}
