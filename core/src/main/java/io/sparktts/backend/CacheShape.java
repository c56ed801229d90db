package io.sparktts.backend;

/**
 * Extents of a {@link KvCache}.
 *
 * @param dtype of keys and values
 * @param layers of the model
 * @param slots sequences that fit
 * @param heads of which there are {@code kvHeads} of {@code headDim} elements here
 * @param capacity positions that fit in a slot
 */
public record CacheShape(DType dtype, int layers, int slots, AttentionShape heads, int capacity) {}
