package io.sparktts.backend;

/**
 * An ordered stream of work on a device. Kernel calls return before they are done; {@link
 * #synchronize} waits.
 */
public interface Queue extends AutoCloseable {
    /** Waits until all that was queued is done. */
    void synchronize();

    /** Marks the present end of the queue. */
    Event mark();

    /**
     * Later work of this queue starts after {@code event}, which may belong to another queue of the
     * device.
     */
    void waitFor(Event event);

    @Override
    void close();
}
