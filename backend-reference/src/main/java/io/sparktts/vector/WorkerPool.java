package io.sparktts.vector;

import org.jspecify.annotations.Nullable;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/**
 * Runs the chunks of one task on all cores, the caller's included. Chunks are claimed one at a
 * time, so a core that something else uses just takes fewer. A call allocates nothing.
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

    /** Generation of the present task (upper half) and the next chunk to claim (lower half). */
    private final AtomicLong state = new AtomicLong();

    private final AtomicInteger done = new AtomicInteger();
    private volatile @Nullable Task task;
    private volatile int chunks;
    private volatile boolean closed;
    private volatile @Nullable Throwable failure;

    WorkerPool(int workers) {
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
        // Close the old generation first: a late worker must not claim a chunk of it by the new
        // count.
        int old = (int) (state.get() >>> 32);
        state.set(((long) old << 32) | Integer.MAX_VALUE);
        task = work;
        chunks = count;
        done.set(0);
        int generation = old + 1;
        state.set((long) generation << 32);
        for (Thread t : threads) {
            LockSupport.unpark(t);
        }
        drain(generation, 0);
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

    private void drain(int generation, int worker) {
        while (true) {
            long s = state.get();
            if ((int) (s >>> 32) != generation || (int) s >= chunks) {
                return;
            }
            if (!state.compareAndSet(s, s + 1)) {
                continue;
            }
            try {
                Task t = task;
                if (t != null) {
                    t.run((int) s, worker);
                }
            } catch (Throwable t) {
                failure = t;
            } finally {
                done.incrementAndGet();
            }
        }
    }

    @SuppressWarnings("ThreadPriorityCheck") // yielding is the step between spinning and sleeping
    private void loop(int worker) {
        int seen = 0;
        int waits = 0;
        while (!closed) {
            int generation = (int) (state.get() >>> 32);
            if (generation != seen) {
                seen = generation;
                waits = 0;
                drain(generation, worker);
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
