package io.sparktts.tornado;

import io.sparktts.backend.DType;
import io.sparktts.backend.LimitKind;
import io.sparktts.backend.Tensor;
import io.sparktts.tornado.kernel.KernelCode;
import io.sparktts.tornado.kernel.KernelSet.VectorSet;

import java.lang.foreign.Arena;
import java.time.Duration;
import java.util.List;
import java.util.OptionalDouble;

/** Limits measured with kernels of eight neighbours. */
final class LimitProbe {
    private static final int LANES = 8;
    private static final int VECTORS_PER_ITEM = 4096;
    private static final int FMA_ITEMS = 256;
    private static final int FMA_TURNS = 20_000;

    /** Chains of a turn, lanes, and the two operations of a multiply-add. */
    private static final int FMA_PER_TURN = 8 * LANES * 2;

    private static final long LEAST_BYTES = 64L << 20;

    private final TornadoDevice device;
    private final Executor executor;

    LimitProbe(TornadoDevice device, Executor executor) {
        this.device = device;
        this.executor = executor;
    }

    OptionalDouble measure(LimitKind kind, long cacheBytes, Duration budget) {
        VectorSet v = Launcher.F32.vector();
        if (v == null || !device.traits().processor()) {
            return OptionalDouble.empty();
        }
        if (kind == LimitKind.FMA) {
            try (Tensor out = zeros(FMA_ITEMS * LANES);
                    Tensor a = zeros(16 * LANES)) {
                double operations = (double) FMA_ITEMS * FMA_TURNS * FMA_PER_TURN;
                int[] sizes = {FMA_TURNS};
                return rate(v.multiplyAdd(), FMA_ITEMS, sizes, operations, budget, out, a);
            }
        }
        long bytes = Math.max(4 * cacheBytes, LEAST_BYTES);
        int items = Math.toIntExact(bytes / (VECTORS_PER_ITEM * LANES * 4L));
        int vectors = items * VECTORS_PER_ITEM;
        try (Tensor a = zeros((long) vectors * LANES);
                Tensor out =
                        zeros(
                                kind == LimitKind.READ
                                        ? (long) items * LANES
                                        : (long) vectors * LANES)) {
            int[] sizes = {vectors, VECTORS_PER_ITEM};
            double moved = a.byteSize() + (double) out.byteSize();
            // A copy is a scale by one here: the same loads and stores.
            KernelCode kernel = kind == LimitKind.READ ? v.read() : v.scale();
            return rate(kernel, items, sizes, moved, budget, out, a);
        }
    }

    private Tensor zeros(long elements) {
        Tensor t = device.allocate(DType.F32, elements);
        try (Arena arena = Arena.ofConfined()) {
            device.write(t, arena.allocate(t.byteSize(), 64));
        }
        return t;
    }

    private OptionalDouble rate(
            KernelCode kernel,
            int items,
            int[] sizes,
            double amount,
            Duration budget,
            Tensor... tensors) {
        TornadoBuffer[] buffers =
                List.of(tensors).stream()
                        .map(t -> (TornadoBuffer) t.buffer())
                        .toArray(TornadoBuffer[]::new);
        Executor.Launch launch =
                new Executor.Launch(kernel, items, 1, buffers, sizes, new float[] {1});
        executor.run(launch);
        long end = System.nanoTime() + budget.toNanos();
        long best = Long.MAX_VALUE;
        do {
            long start = System.nanoTime();
            executor.run(launch);
            best = Math.min(best, System.nanoTime() - start);
        } while (System.nanoTime() < end);
        return OptionalDouble.of(amount * 1e9 / best);
    }
}
