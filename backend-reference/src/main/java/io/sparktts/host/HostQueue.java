package io.sparktts.host;

import io.sparktts.backend.Event;
import io.sparktts.backend.Queue;

/** A queue whose work is done when the call returns; events are host times. */
final class HostQueue implements Queue {
    private final HostDevice device;

    HostQueue(HostDevice device) {
        this.device = device;
    }

    private record HostEvent(long nanos) implements Event {
        @Override
        public long nanosSince(Event start) {
            return nanos - ((HostEvent) start).nanos;
        }
    }

    @Override
    public void synchronize() {
        device.forbidWhileRecording("synchronize");
    }

    @Override
    public Event mark() {
        return new HostEvent(System.nanoTime());
    }

    @Override
    public void waitFor(Event event) {}

    @Override
    public void close() {}
}
