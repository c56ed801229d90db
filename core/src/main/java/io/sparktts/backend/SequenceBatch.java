package io.sparktts.backend;

/**
 * Tokens of several sequences that share one step, packed without gaps: token {@code t} belongs to
 * the sequence {@code b} with {@code tokenOffsets[b] <= t < tokenOffsets[b + 1]}. All tensors are
 * {@code I32} on the device, so one recording serves every step.
 *
 * @param tokenOffsets {@code [batch + 1]}, ascending from 0; tokens past the last offset only pad a
 *     bucket
 * @param positions {@code [tokens]}: place of each token in its sequence, from 0
 * @param cacheLength {@code [batch]}: live positions of each sequence in the cache, this step's
 *     tokens not counted
 * @param slot {@code [batch]}: the cache slot of each sequence; -1 for one that only pads: it
 *     writes nothing
 */
public record SequenceBatch(
        Tensor tokenOffsets, Tensor positions, Tensor cacheLength, Tensor slot) {
    /** Number of sequences, padding included. */
    public int batch() {
        return Math.toIntExact(slot.elements());
    }

    /** Number of tokens, padding included. */
    public int tokens() {
        return Math.toIntExact(positions.elements());
    }
}
