package io.sparktts.backend;

/**
 * Keys and values of past positions, in the backend's own layout.
 *
 * <p>Logical shape: {@code [layers][slots][kvHeads][capacity][headDim]}, twice.
 */
public interface KvCache extends AutoCloseable {
    /** Its extents. */
    CacheShape shape();

    default DType dtype() {
        return shape().dtype();
    }

    default int layers() {
        return shape().layers();
    }

    /** Sequences that fit. */
    default int slots() {
        return shape().slots();
    }

    default int kvHeads() {
        return shape().heads().kvHeads();
    }

    default int headDim() {
        return shape().heads().headDim();
    }

    /** Positions that fit in a slot. */
    default int capacity() {
        return shape().capacity();
    }

    /**
     * Overwrites everything, past the live part included: tests fill it with garbage to show reads
     * past the end.
     */
    void fill(double value);

    @Override
    void close();
}
