package io.sparktts.vector;

import static io.sparktts.vector.Lanes.ALL;
import static io.sparktts.vector.Lanes.F;
import static io.sparktts.vector.Lanes.L;
import static io.sparktts.vector.Lanes.ORDER;

import io.sparktts.backend.LimitKind;
import io.sparktts.host.HostBuffer;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/**
 * What this machine can do at best, measured with the same vectors, threads and huge pages as the
 * kernels.
 */
final class LimitProbe implements AutoCloseable {
    private static final int CHUNK = 1 << 20;
    private static final int FMA_STEPS = 20_000;
    private static final int FMA_CHAINS = 12;
    private static final Duration WARM_UP = Duration.ofMillis(150);

    /**
     * A virtual machine shows one slice of its host's cache: four times that still fits half into
     * the rest, and was read at twice the speed of memory.
     */
    private static final long LEAST_BYTES = 512L << 20;

    private static final long DEFAULT_CACHE = 32L << 20;

    private final WorkerPool pool;
    private final Set<LimitKind> warm = EnumSet.noneOf(LimitKind.class);

    private final List<HostBuffer> buffers = new ArrayList<>();

    LimitProbe(WorkerPool pool) {
        this.pool = pool;
    }

    /**
     * The fastest of the repeats that fit the budget, in bytes or floating-point operations per
     * second.
     */
    double measure(LimitKind kind, long lastLevelCache, Duration budget) {
        if (kind == LimitKind.FMA) {
            try (HostBuffer out = new HostBuffer(4L * L * pool.workers())) {
                long base = out.segment().address();
                double flops = 2.0 * L * FMA_CHAINS * FMA_STEPS * pool.workers();
                return best(kind, (c, w) -> fma(base + 4L * L * c), pool.workers(), flops, budget);
            }
        }
        long cache = lastLevelCache > 0 ? lastLevelCache : DEFAULT_CACHE;
        int chunks = (int) ((Math.max(4 * cache, LEAST_BYTES) + CHUNK - 1) / CHUNK);
        long bytes = (long) chunks * CHUNK;
        long from = buffer(0, bytes);
        if (kind == LimitKind.READ) {
            try (HostBuffer sums = new HostBuffer(4L * L * pool.workers())) {
                long to = sums.segment().address();
                return best(
                        kind,
                        (c, w) -> read(from + (long) c * CHUNK, to + 4L * L * w),
                        chunks,
                        (double) bytes,
                        budget);
            }
        }
        long to = buffer(1, bytes);
        float factor = kind == LimitKind.COPY ? 1 : 0.5f;
        return best(
                kind,
                (c, w) -> scale(from + (long) c * CHUNK, to + (long) c * CHUNK, factor),
                chunks,
                2.0 * bytes,
                budget);
    }

    /** Address of a buffer that lasts: to fill one takes longer than to measure with it. */
    private long buffer(int index, long bytes) {
        while (buffers.size() <= index) {
            HostBuffer b = new HostBuffer(bytes);
            b.segment().fill((byte) 0x3c);
            buffers.add(b);
        }
        return buffers.get(index).segment().address();
    }

    @Override
    public void close() {
        buffers.forEach(HostBuffer::close);
        buffers.clear();
    }

    private double best(
            LimitKind kind, WorkerPool.Task task, int chunks, double work, Duration budget) {
        // Compiled code is what is to be measured: the first rounds, while the compiler works, do
        // not count.
        long compiled = System.nanoTime() + (warm.add(kind) ? WARM_UP.toNanos() : 0);
        while (System.nanoTime() < compiled) {
            pool.run(task, chunks);
        }
        long end = System.nanoTime() + budget.toNanos();
        double best = 0;
        do {
            long start = System.nanoTime();
            pool.run(task, chunks);
            best = Math.max(best, work * 1e9 / (System.nanoTime() - start));
        } while (System.nanoTime() < end);
        return best;
    }

    private static void read(long from, long sink) {
        FloatVector s0 = FloatVector.zero(F);
        FloatVector s1 = FloatVector.zero(F);
        FloatVector s2 = FloatVector.zero(F);
        FloatVector s3 = FloatVector.zero(F);
        long step = 16L * L;
        for (long i = 0; i < CHUNK; i += step) {
            s0 = s0.add(FloatVector.fromMemorySegment(F, ALL, from + i, ORDER));
            s1 = s1.add(FloatVector.fromMemorySegment(F, ALL, from + i + 4L * L, ORDER));
            s2 = s2.add(FloatVector.fromMemorySegment(F, ALL, from + i + 8L * L, ORDER));
            s3 = s3.add(FloatVector.fromMemorySegment(F, ALL, from + i + 12L * L, ORDER));
        }
        s0.add(s1).add(s2.add(s3)).intoMemorySegment(ALL, sink, ORDER);
    }

    private static void scale(long from, long to, float factor) {
        FloatVector f = FloatVector.broadcast(F, factor);
        for (long i = 0; i < CHUNK; i += 4L * L) {
            FloatVector.fromMemorySegment(F, ALL, from + i, ORDER)
                    .mul(f)
                    .intoMemorySegment(ALL, to + i, ORDER);
        }
    }

    /** Twelve independent chains: enough to keep two units of four cycles' latency busy. */
    private static void fma(long out) {
        FloatVector m = FloatVector.broadcast(F, 0.999f);
        FloatVector a = FloatVector.broadcast(F, 0.001f);
        FloatVector c0 = a;
        FloatVector c1 = a;
        FloatVector c2 = a;
        FloatVector c3 = a;
        FloatVector c4 = a;
        FloatVector c5 = a;
        FloatVector c6 = a;
        FloatVector c7 = a;
        FloatVector c8 = a;
        FloatVector c9 = a;
        FloatVector c10 = a;
        FloatVector c11 = a;
        for (int i = 0; i < FMA_STEPS; i++) {
            c0 = c0.lanewise(VectorOperators.FMA, m, a);
            c1 = c1.lanewise(VectorOperators.FMA, m, a);
            c2 = c2.lanewise(VectorOperators.FMA, m, a);
            c3 = c3.lanewise(VectorOperators.FMA, m, a);
            c4 = c4.lanewise(VectorOperators.FMA, m, a);
            c5 = c5.lanewise(VectorOperators.FMA, m, a);
            c6 = c6.lanewise(VectorOperators.FMA, m, a);
            c7 = c7.lanewise(VectorOperators.FMA, m, a);
            c8 = c8.lanewise(VectorOperators.FMA, m, a);
            c9 = c9.lanewise(VectorOperators.FMA, m, a);
            c10 = c10.lanewise(VectorOperators.FMA, m, a);
            c11 = c11.lanewise(VectorOperators.FMA, m, a);
        }
        c0.add(c1)
                .add(c2.add(c3))
                .add(c4.add(c5))
                .add(c6.add(c7))
                .add(c8.add(c9))
                .add(c10.add(c11))
                .intoMemorySegment(ALL, out, ORDER);
    }
}
