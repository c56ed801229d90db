package io.sparktts.backend;

/** A limit of the machine, measured by a probe written as the backend's own kernels. */
public enum LimitKind {
    /** Sum of a large buffer; bytes read per second. */
    READ(true),
    /** One large buffer to another; bytes read and written per second. */
    COPY(true),
    /** A large buffer times a constant into another; bytes read and written per second. */
    SCALE(true),
    /**
     * Independent fused multiply-adds (or the matrix unit); floating-point operations per second.
     */
    FMA(false);

    private final boolean memory;

    LimitKind(boolean memory) {
        this.memory = memory;
    }

    /** Whether the limit is a bandwidth in bytes per second, rather than operations per second. */
    public boolean memory() {
        return memory;
    }
}
