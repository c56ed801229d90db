package io.sparktts.backend;

/** A matrix {@code [outFeatures, inFeatures]} in the backend's own layout. */
public interface Weight extends AutoCloseable {
    /** What it was prepared for. */
    WeightRole role();

    /** The dtype it is kept in. */
    DType dtype();

    /** Rows of all parts together. */
    int outFeatures();

    /** Columns. */
    int inFeatures();

    /** Bytes one pass over the matrix reads. */
    long byteSize();

    @Override
    void close();
}
