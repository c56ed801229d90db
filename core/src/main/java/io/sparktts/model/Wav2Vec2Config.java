package io.sparktts.model;

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
    public Wav2Vec2Config {
        convDims = List.copyOf(convDims);
        convKernels = List.copyOf(convKernels);
        convStrides = List.copyOf(convStrides);
    }
}
