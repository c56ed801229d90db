package io.sparktts.tornado;

import io.sparktts.backend.DType;
import io.sparktts.backend.DeviceInfo;
import io.sparktts.backend.HostTensor;
import io.sparktts.backend.LimitKind;
import io.sparktts.backend.Tensor;
import io.sparktts.tornado.kernel.KernelCode;
import io.sparktts.tornado.kernel.KernelSet.VectorSet;
import io.sparktts.tornado.kernel.Probes;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalDouble;
import java.util.SplittableRandom;
import java.util.stream.Stream;

/**
 * Limits of a device. Memory and, in float32, multiply-adds are measured with kernels of its own
 * kind; where a library makes products, the limit of arithmetic is that of a large one. What is
 * measured is made once, as that takes longer than running it.
 */
final class LimitProbe implements AutoCloseable {
    private static final int LANES = 8;
    private static final int VECTORS_PER_ITEM = 4096;
    private static final int FMA_ITEMS = 256;
    private static final int FMA_TURNS = 20_000;

    /** Chains of a turn, and lanes. */
    private static final int FMA_PER_TURN = 8 * LANES;

    private static final int GPU_READERS = 1 << 20;
    private static final int GPU_FMA_ITEMS = 1 << 19;
    private static final int GPU_FMA_TURNS = 2048;

    /** Rows and columns of the factors of a product. */
    private static final int PRODUCT = 8192;

    /** Calls of a GPU's recording, so that its launch does not count. */
    private static final int GPU_CALLS = 8;

    /** A buffer is larger than a cache by this, and a GPU's as large as any cache needs. */
    private static final int CACHES = 4;

    private static final long GPU_BYTES = 1L << 30;
    private static final long LEAST_BYTES = 64L << 20;

    /** A buffer takes at most this part of the device's memory. */
    private static final int PARTS = 16;

    /** Numbers drawn for a buffer. */
    private static final int DRAWN = 1 << 16;

    private final TornadoDevice device;
    private final Executor executor;
    private final Map<LimitKind, Map<DType, Probe>> probes = new EnumMap<>(LimitKind.class);

    /**
     * What is run.
     *
     * @param amount bytes or operations of a run
     */
    private record Probe(Executor.Recording recording, List<Tensor> tensors, double amount) {
        void close() {
            recording.close();
            tensors.forEach(Tensor::close);
        }
    }

    LimitProbe(TornadoDevice device, Executor executor) {
        this.device = device;
        this.executor = executor;
    }

    /** See {@link io.sparktts.backend.Device#measureLimit}. */
    OptionalDouble measure(LimitKind kind, DType dtype, Duration budget) {
        boolean product = kind == LimitKind.FMA && device.traits().products();
        if (dtype != DType.F32 && !product) {
            return OptionalDouble.empty();
        }
        // A copy is a scale by one here: the same loads and stores.
        LimitKind made = kind == LimitKind.COPY ? LimitKind.SCALE : kind;
        Probe probe =
                probes.computeIfAbsent(made, k -> new EnumMap<>(DType.class))
                        .computeIfAbsent(dtype, d -> product ? product(d) : probe(made));
        long end = System.nanoTime() + budget.toNanos();
        long best = Long.MAX_VALUE;
        do {
            long start = System.nanoTime();
            probe.recording.replay();
            best = Math.min(best, System.nanoTime() - start);
        } while (System.nanoTime() < end);
        return OptionalDouble.of(probe.amount * 1e9 / best);
    }

    private Probe probe(LimitKind kind) {
        return device.traits().processor() ? processorProbe(kind) : gpuProbe(kind);
    }

    /** With kernels of eight neighbours. */
    private Probe processorProbe(LimitKind kind) {
        VectorSet v = Objects.requireNonNull(Launcher.F32.vector());
        if (kind == LimitKind.FMA) {
            double operations = 2.0 * FMA_ITEMS * FMA_TURNS * FMA_PER_TURN;
            List<Tensor> tensors =
                    List.of(filled(DType.F32, FMA_ITEMS * LANES), filled(DType.F32, 16 * LANES));
            return probe(v.multiplyAdd(), FMA_ITEMS, new int[] {FMA_TURNS}, operations, tensors);
        }
        int items =
                Math.toIntExact(bytes() / ((long) VECTORS_PER_ITEM * LANES * DType.F32.bytes()));
        int vectors = items * VECTORS_PER_ITEM;
        long n = (long) vectors * LANES;
        int[] sizes = {vectors, VECTORS_PER_ITEM};
        return kind == LimitKind.READ
                ? memoryProbe(v.read(), items, sizes, (long) items * LANES, n)
                : memoryProbe(v.scale(), items, sizes, n, n);
    }

    private Probe gpuProbe(LimitKind kind) {
        if (kind == LimitKind.FMA) {
            double operations = 2.0 * GPU_FMA_ITEMS * GPU_FMA_TURNS * Probes.CHAINS;
            List<Tensor> tensors = List.of(filled(DType.F32, GPU_FMA_ITEMS), filled(DType.F32, 16));
            int[] sizes = {GPU_FMA_TURNS};
            return probe(Probes.MULTIPLY_ADD, GPU_FMA_ITEMS, sizes, operations, tensors);
        }
        int n = Math.toIntExact(bytes() / DType.F32.bytes());
        if (kind == LimitKind.READ) {
            return memoryProbe(
                    Probes.READ, GPU_READERS, new int[] {n, GPU_READERS}, GPU_READERS, n);
        }
        int items = n / Probes.SCALED;
        return memoryProbe(Probes.SCALE, items, new int[] {items}, n, n);
    }

    private long bytes() {
        DeviceInfo info = device.info();
        long wanted = device.traits().processor() ? CACHES * info.lastLevelCacheBytes() : GPU_BYTES;
        long share = Math.max(LEAST_BYTES, Long.highestOneBit(info.memoryBytes() / PARTS));
        return Math.clamp(wanted, LEAST_BYTES, share);
    }

    private Probe memoryProbe(KernelCode kernel, int items, int[] sizes, long out, long in) {
        List<Tensor> tensors = List.of(filled(DType.F32, out), filled(DType.F32, in));
        return probe(kernel, items, sizes, (double) (out + in) * DType.F32.bytes(), tensors);
    }

    private Probe probe(
            KernelCode kernel, int items, int[] sizes, double amount, List<Tensor> tensors) {
        TornadoBuffer[] buffers =
                tensors.stream().map(t -> (TornadoBuffer) t.buffer()).toArray(TornadoBuffer[]::new);
        int group = device.traits().processor() ? 1 : Launcher.GROUP;
        float[] factor = kernel.scalars() ? new float[] {1} : Launcher.NO_SCALARS;
        return probe(
                new Executor.Launch(kernel, items, group, buffers, sizes, factor), amount, tensors);
    }

    private Probe product(DType dtype) {
        List<Tensor> tensors =
                Stream.generate(() -> filled(dtype, PRODUCT, PRODUCT)).limit(3).toList();
        double operations = 2.0 * PRODUCT * PRODUCT * PRODUCT;
        return probe(
                MatrixProduct.linear(tensors.get(0), tensors.get(1), tensors.get(2)),
                operations,
                tensors);
    }

    private Probe probe(Executor.Step step, double amount, List<Tensor> tensors) {
        executor.run(step);
        int calls = device.traits().processor() ? 1 : GPU_CALLS;
        Executor.Recording recording = executor.record(Collections.nCopies(calls, step));
        recording.replay();
        return new Probe(recording, tensors, calls * amount);
    }

    /** With numbers drawn at random, again and again: zeros would take a GPU less power. */
    private Tensor filled(DType dtype, long... shape) {
        Tensor t = device.allocate(dtype, shape);
        try (Arena arena = Arena.ofConfined()) {
            HostTensor all = HostTensor.allocate(arena, dtype, t.elements());
            long drawn = Math.min(t.elements(), DRAWN);
            SplittableRandom random = new SplittableRandom(1);
            for (long i = 0; i < drawn; i++) {
                all.set(i, random.nextDouble(-0.5, 0.5));
            }
            long bytes = drawn * dtype.bytes();
            for (long at = bytes; at < all.data().byteSize(); at += bytes) {
                long part = Math.min(bytes, all.data().byteSize() - at);
                MemorySegment.copy(all.data(), 0, all.data(), at, part);
            }
            device.write(t, all.data());
        }
        return t;
    }

    @Override
    public void close() {
        probes.values().forEach(m -> m.values().forEach(Probe::close));
        probes.clear();
    }
}
