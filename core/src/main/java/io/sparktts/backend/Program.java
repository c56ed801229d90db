package io.sparktts.backend;

/** Recorded kernel calls: a CUDA graph, a task graph, or plain re-execution. */
public interface Program extends AutoCloseable {
    /** Queues the whole program once. */
    void replay();

    @Override
    void close();
}
