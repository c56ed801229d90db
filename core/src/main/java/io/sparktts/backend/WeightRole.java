package io.sparktts.backend;

/**
 * What a {@link Weight} is for, which decides its layout. Every part is {@code [out, in]} as in a
 * checkpoint.
 */
public enum WeightRole {
    /** One matrix. */
    LINEAR,
    /** Query, key and value projections, joined along the output. */
    QKV,
    /** Gate and up projections of a SwiGLU MLP, in this order. */
    GATE_UP,
    /** A token embedding, used for look-up and, where tied, as the head. */
    EMBEDDING
}
