package io.sparktts.tornado;

import io.sparktts.backend.Event;
import io.sparktts.backend.Queue;

/**
 * A plan has run when its call returns, so there is nothing to wait for, and events are host times:
 * they hold the cost of the launch.
 */
final class TornadoQueue implements Queue {
    private final TornadoDevice device;

    TornadoQueue(TornadoDevice device) {
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
