package io.sparktts.backend;

/** A point in a queue's work, stamped by the device's clock. */
public interface Event {
    /** Waits for this event and for {@code start}; the device time between them in nanoseconds. */
    long nanosSince(Event start);
}
