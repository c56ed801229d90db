package io.sparktts.backend;

/**
 * Keys and values of past positions, in the backend's own layout.
 *
 * <p>Logical shape: {@code [layers][slots][kvHeads][capacity][headDim]}, twice.
 */
public interface KvCache extends AutoCloseable {
    DType dtype();

    int layers();

    /** Sequences that fit. */
    int slots();

    int kvHeads();

    int headDim();

    /** Positions that fit in a slot. */
    int capacity();

    /**
     * Overwrites everything, past the live part included: tests fill it with garbage to show reads
     * past the end.
     */
    void fill(double value);

    @Override
    void close();
}
