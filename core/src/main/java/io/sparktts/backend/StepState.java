package io.sparktts.backend;

/**
 * What one decode step reads and advances; everything lives on the device, so a recorded step is
 * replayed unchanged.
 *
 * @param tokens {@code [batch]} I32: in, the token to feed of each sequence; out, the token chosen
 * @param batch one token per sequence
 * @param cache keys and values
 * @param logits {@code [batch, vocabulary]}: out
 * @param sampling how the next token is chosen
 * @param random {@code [batch, 4]} I32: seed (low, high word), sequence, position of the draw; the
 *     position advances
 */
public record StepState(
        Tensor tokens,
        SequenceBatch batch,
        KvCache cache,
        Tensor logits,
        Sampling sampling,
        Tensor random) {}
