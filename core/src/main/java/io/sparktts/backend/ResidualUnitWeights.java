package io.sparktts.backend;

/**
 * A residual unit of width {@code C} of the wave generator: snake, dilated convolution, snake,
 * convolution over one frame.
 *
 * @param alpha1 {@code [C]}
 * @param conv1 {@code [C, kernel * C]}
 * @param bias1 {@code [C]}
 * @param shape1 of {@code conv1}; keeps the length
 * @param alpha2 {@code [C]}
 * @param conv2 {@code [C, C]}
 * @param bias2 {@code [C]}
 */
public record ResidualUnitWeights(
        Tensor alpha1,
        Weight conv1,
        Tensor bias1,
        Conv1d shape1,
        Tensor alpha2,
        Weight conv2,
        Tensor bias2) {}
