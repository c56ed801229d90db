package io.sparktts.backend;

/** Functions of one element. */
public enum Activation {
    /** {@code 0.5 x (1 + erf(x / sqrt(2)))}, the exact form. */
    GELU,
    /** {@code max(x, 0)}. */
    RELU,
    /** {@code 1 / (1 + exp(-x))}. */
    SIGMOID,
    /** Hyperbolic tangent. */
    TANH
}
