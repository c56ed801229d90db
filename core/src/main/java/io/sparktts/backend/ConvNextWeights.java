package io.sparktts.backend;

/**
 * A ConvNeXt block of width {@code C} (Liu et al. 2022), its layer scale folded into the second
 * linear layer. The norm is not among them: some blocks have the speaker's.
 *
 * @param depthwise {@code [kernel, C]}; the kernel is odd, the length stays
 * @param depthwiseBias {@code [C]}
 * @param expand {@code [I, C]}
 * @param expandBias {@code [I]}
 * @param contract {@code [C, I]}
 * @param contractBias {@code [C]}
 */
public record ConvNextWeights(
        Tensor depthwise,
        Tensor depthwiseBias,
        Weight expand,
        Tensor expandBias,
        Weight contract,
        Tensor contractBias) {}
