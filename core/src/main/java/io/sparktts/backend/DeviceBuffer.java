package io.sparktts.backend;

/** A piece of device memory, in the backend's own form; kernels of that backend cast it back. */
public interface DeviceBuffer extends AutoCloseable {
    /** Size in bytes. */
    long byteSize();

    @Override
    void close();
}
