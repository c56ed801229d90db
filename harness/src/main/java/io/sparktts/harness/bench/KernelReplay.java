package io.sparktts.harness.bench;

import io.sparktts.backend.DType;
import io.sparktts.backend.Device;
import io.sparktts.backend.Event;
import io.sparktts.backend.Kernels;
import io.sparktts.backend.Program;
import io.sparktts.backend.Queue;
import io.sparktts.backend.Tensor;
import io.sparktts.backend.Variants;

import org.jspecify.annotations.Nullable;

import java.lang.foreign.Arena;

/**
 * Times a kernel on a device that runs beside the host. Launching costs more there than a small
 * kernel takes, so device time comes from replays of many recorded calls; and since those find
 * their inputs in the cache, single calls after the cache was overwritten are timed too.
 */
final class KernelReplay implements AutoCloseable {
    /** Calls in one recording: enough to hide what starting a replay costs. */
    static final int CALLS = 20;

    /** Calls that take long hide it with fewer of them. */
    private static final long LONG_REPLAY_NANOS = 100_000_000;

    private static final int MAX_SAMPLES = 100;
    private static final int MIN_SAMPLES = 3;

    private final KernelCall call;
    private final Queue queue;
    private final Program once;
    private final Program many;
    private final int calls;
    private final @Nullable Flush flush;

    /** Overwrites the caches: a kernel over a buffer of twice the largest one. */
    private record Flush(Kernels kernels, Tensor buffer) {
        void run() {
            kernels.add(buffer, buffer, buffer);
        }
    }

    KernelReplay(Device device, KernelCall call) {
        this.call = call;
        this.queue = call.queue();
        call.refresh();
        once = device.record(queue, call.variants(), call::run);
        run();
        queue.synchronize();
        Event before = queue.mark();
        run();
        Event after = queue.mark();
        queue.synchronize();
        calls = callsFor(after.nanosSince(before));
        many =
                calls == 1
                        ? once
                        : device.record(
                                queue,
                                call.variants(),
                                k -> {
                                    for (int i = 0; i < calls; i++) {
                                        call.run(k);
                                    }
                                });
        flush = flush(device, queue);
    }

    /** How many calls of this time a recording holds. */
    static int callsFor(long nanos) {
        return Math.clamp(LONG_REPLAY_NANOS / Math.max(1, nanos), 1, CALLS);
    }

    private static @Nullable Flush flush(Device device, Queue queue) {
        long bytes = 2 * device.info().lastLevelCacheBytes();
        if (bytes <= 0) {
            return null;
        }
        Tensor buffer = device.allocate(DType.F32, bytes / DType.F32.bytes());
        try (Arena arena = Arena.ofConfined()) {
            // Zeros, whose sums stay zeros.
            device.write(buffer, arena.allocate(buffer.byteSize()));
        }
        return new Flush(device.kernels(queue, Variants.DEFAULT), buffer);
    }

    /** Queues one call. */
    void run() {
        call.ran(1);
        once.replay();
    }

    /** Adds samples of the device's time per call, warm and cold, until each budget is spent. */
    void sample(long budgetNanos, Samples samples) {
        makeRoom(calls);
        repeat(budgetNanos, () -> samples.device.add(warm()));
        Flush f = flush;
        if (f != null) {
            makeRoom(1);
            repeat(budgetNanos / 2, () -> samples.cold.add(cold(f)));
        }
    }

    private void repeat(long budgetNanos, Runnable sample) {
        long end = System.nanoTime() + budgetNanos;
        for (int i = 0; i < MAX_SAMPLES; i++) {
            if (i >= MIN_SAMPLES && System.nanoTime() - end > 0) {
                return;
            }
            sample.run();
        }
    }

    private long warm() {
        makeRoom(calls);
        Event before = queue.mark();
        many.replay();
        Event after = queue.mark();
        queue.synchronize();
        call.ran(calls);
        return Math.round(after.nanosSince(before) / (double) calls);
    }

    private long cold(Flush f) {
        makeRoom(1);
        f.run();
        Event before = queue.mark();
        run();
        Event after = queue.mark();
        queue.synchronize();
        return after.nanosSince(before);
    }

    /** Brings inputs back that calls in place have used up, and warms the caches again. */
    private void makeRoom(int runs) {
        if (!call.hasRoomFor(runs)) {
            call.refresh();
            run();
            queue.synchronize();
        }
    }

    @Override
    public void close() {
        if (calls > 1) {
            many.close();
        }
        once.close();
        if (flush != null) {
            flush.buffer.close();
        }
    }
}
