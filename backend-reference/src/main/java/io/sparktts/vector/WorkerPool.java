package io.sparktts.vector;

import org.jspecify.annotations.Nullable;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.locks.LockSupport;

/**
 * Runs the chunks of one task on all cores, the caller's included. Each worker has a range of
 * neighbouring chunks and takes them in order, so that memory streams on from chunk to chunk: what
 * fetches ahead loses its track at every jump. A worker that is done takes from the far end of
 * another's range, so a core that something else uses just does fewer. A call allocates nothing.
 */
final class WorkerPool implements AutoCloseable {
    /** Work split into chunks, each independent of the others. */
    interface Task {
        /**
         * Does one chunk.
         *
         * @param worker which of the pool's threads this is, for scratch memory of its own
         */
        void run(int chunk, int worker);
    }

    /**
     * Spinning keeps the gap between two kernels under a microsecond; a longer wait yields, then
     * sleeps.
     */
    private static final int SPINS = 2_000;

    private static final int YIELDS = 200;

    private final Thread[] threads;

    /** Longs between the ranges of two workers: no two share a cache line, or a pair of lines. */
    private static final int SPREAD = 16;

    /** The chunks each worker has left: the first in the upper half, the end in the lower. */
    private final AtomicLongArray ranges;

    /** Grows with each task. */
    private final AtomicInteger generation = new AtomicInteger();

    private final AtomicInteger done = new AtomicInteger();
    private volatile @Nullable Task task;
    private volatile boolean closed;
    private volatile @Nullable Throwable failure;

    WorkerPool(int workers) {
        ranges = new AtomicLongArray((workers + 1) * SPREAD);
        threads = new Thread[workers - 1];
        for (int i = 0; i < threads.length; i++) {
            int worker = i + 1;
            threads[i] =
                    Thread.ofPlatform()
                            .name("sparktts-vector-" + worker)
                            .daemon(true)
                            .unstarted(() -> loop(worker));
            threads[i].start();
        }
    }

    /** Threads that work, the caller included. */
    int workers() {
        return threads.length + 1;
    }

    /**
     * Runs chunks {@code 0 .. count - 1} and returns when all are done; what a chunk throws, this
     * throws.
     */
    @SuppressWarnings("ThreadPriorityCheck") // yielding is the step between spinning and sleeping
    void run(Task work, int count) {
        if (count <= 1 || threads.length == 0) {
            for (int i = 0; i < count; i++) {
                work.run(i, 0);
            }
            return;
        }
        task = work;
        done.set(0);
        // All ranges are empty. A worker that is late from the last task may claim from the new
        // ones at once: what it claims, it looks up the task for.
        int workers = workers();
        for (int w = 0; w < workers; w++) {
            long first = (long) count * w / workers;
            long end = (long) count * (w + 1) / workers;
            ranges.set(SPREAD * (w + 1), first << 32 | end);
        }
        generation.incrementAndGet();
        for (Thread t : threads) {
            LockSupport.unpark(t);
        }
        drain(0);
        int waits = 0;
        while (done.get() < count) {
            if (++waits < SPINS) {
                Thread.onSpinWait();
            } else {
                Thread.yield();
            }
        }
        Throwable t = failure;
        if (t != null) {
            failure = null;
            throw new IllegalStateException("a worker failed: " + t, t);
        }
    }

    /** Does what is left in the worker's own range, then in the others'. */
    private void drain(int worker) {
        int workers = workers();
        for (int i = 0; i < workers; i++) {
            int owner = (worker + i) % workers;
            int chunk = claim(owner, i == 0);
            while (chunk >= 0) {
                runChunk(chunk, worker);
                chunk = claim(owner, i == 0);
            }
        }
    }

    /** A chunk of a worker's range, the first or the last one; -1 if none is left. */
    private int claim(int owner, boolean first) {
        int at = SPREAD * (owner + 1);
        while (true) {
            long range = ranges.get(at);
            int from = (int) (range >>> 32);
            int end = (int) range;
            if (from >= end) {
                return -1;
            }
            if (ranges.compareAndSet(at, range, first ? range + (1L << 32) : range - 1)) {
                return first ? from : end - 1;
            }
        }
    }

    private void runChunk(int chunk, int worker) {
        try {
            Task t = task;
            if (t != null) {
                t.run(chunk, worker);
            }
        } catch (Throwable t) {
            failure = t;
        } finally {
            done.incrementAndGet();
        }
    }

    @SuppressWarnings("ThreadPriorityCheck") // yielding is the step between spinning and sleeping
    private void loop(int worker) {
        int seen = 0;
        int waits = 0;
        while (!closed) {
            int present = generation.get();
            if (present != seen) {
                seen = present;
                waits = 0;
                drain(worker);
            } else if (++waits < SPINS) {
                Thread.onSpinWait();
            } else if (waits < SPINS + YIELDS) {
                Thread.yield();
            } else {
                LockSupport.parkNanos(this, 1_000_000);
            }
        }
    }

    @Override
    public void close() {
        closed = true;
        for (Thread t : threads) {
            LockSupport.unpark(t);
        }
    }
}
