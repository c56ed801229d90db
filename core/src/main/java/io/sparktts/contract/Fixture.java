package io.sparktts.contract;

import io.sparktts.backend.DType;
import io.sparktts.backend.Device;
import io.sparktts.backend.HostTensor;
import io.sparktts.backend.Kernels;
import io.sparktts.backend.Tensor;
import io.sparktts.backend.Weight;
import io.sparktts.backend.WeightRole;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.function.IntFunction;
import java.util.function.IntPredicate;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** A workload on a device: guarded tensors, weights, the call, and what its outputs have to be. */
final class Fixture implements KernelWorkload.Instance {
    private static final int SAMPLED_ROWS = 32;

    /**
     * Larger tensors are drawn and looked through on all cores, in pieces of this many elements.
     */
    private static final int PIECE = 1 << 18;

    final Device device;
    final Kernels kernels;
    final DType dtype;
    final String variant;
    final Arena arena = Arena.ofShared();
    private final SplittableRandom random;
    private final long seed;
    private final int misalign;
    private final List<GuardedTensor> tensors = new ArrayList<>();
    private final List<AutoCloseable> resources = new ArrayList<>();
    private final List<Runnable> resets = new ArrayList<>();
    private final List<Expectation> expectations = new ArrayList<>();
    private Consumer<Kernels> call = k -> {};
    private long bytes;
    private long flops;

    /** What an output has to be; reads the outputs by name. */
    interface Expectation {
        void check(Map<String, HostTensor> now, Comparison.Builder comparison);
    }

    /**
     * A row of the truth and the magnitude its errors are measured by, if that is not the row's
     * own.
     */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    record Truth(double[] values, double magnitude) {
        Truth(double[] values) {
            this(values, 0);
        }
    }

    Fixture(Device device, Kernels kernels, DType dtype, String variant, long seed, int misalign) {
        this.device = device;
        this.kernels = kernels;
        this.dtype = dtype;
        this.variant = variant;
        this.seed = seed;
        this.misalign = misalign;
        this.random = new SplittableRandom(seed);
    }

    SplittableRandom random() {
        return random;
    }

    // Inputs and outputs

    private GuardedTensor guarded(String name, GuardedTensor.Use use, DType type, long... shape) {
        GuardedTensor t = new GuardedTensor(device, arena, name, use, misalign, type, shape);
        tensors.add(t);
        return t;
    }

    /**
     * A standard normal input of the fixture's dtype, in which one element of 128 is ten times as
     * large.
     */
    GuardedTensor input(String name, long... shape) {
        GuardedTensor t = guarded(name, GuardedTensor.Use.INPUT, dtype, shape);
        fill(t);
        return t;
    }

    /** A normal input of the fixture's dtype. */
    GuardedTensor normal(String name, double deviation, long... shape) {
        GuardedTensor t = guarded(name, GuardedTensor.Use.INPUT, dtype, shape);
        draw(t.live().elements(), (i, r) -> t.set(i, r.nextGaussian() * deviation));
        return t;
    }

    /** As {@link #input}, but the call changes it. */
    GuardedTensor inOut(String name, long... shape) {
        GuardedTensor t = guarded(name, GuardedTensor.Use.IN_OUT, dtype, shape);
        fill(t);
        return t;
    }

    private void fill(GuardedTensor t) {
        draw(t.live().elements(), (i, r) -> t.set(i, element(r)));
    }

    private static double element(SplittableRandom r) {
        return r.nextGaussian() * (r.nextInt(128) == 0 ? 10 : 1);
    }

    private interface Drawn {
        void set(int i, SplittableRandom random);
    }

    /**
     * Draws elements in order, or large tensors piece by piece; the result is the same each time.
     */
    private void draw(long elements, Drawn target) {
        int n = Math.toIntExact(elements);
        if (n <= PIECE) {
            for (int i = 0; i < n; i++) {
                target.set(i, random);
            }
            return;
        }
        SplittableRandom[] streams = new SplittableRandom[(n + PIECE - 1) / PIECE];
        Arrays.setAll(streams, piece -> random.split());
        IntStream.range(0, streams.length)
                .parallel()
                .forEach(
                        piece -> {
                            int end = Math.min(n - piece * PIECE, PIECE);
                            for (int i = 0; i < end; i++) {
                                target.set(piece * PIECE + i, streams[piece]);
                            }
                        });
    }

    /** An input of given values. */
    GuardedTensor values(
            String name, DType type, GuardedTensor.Use use, double[] values, long... shape) {
        GuardedTensor t = guarded(name, use, type, shape);
        IntStream.range(0, values.length).parallel().forEach(i -> t.set(i, values[i]));
        return t;
    }

    GuardedTensor indices(String name, GuardedTensor.Use use, int... values) {
        return values(
                name,
                DType.I32,
                use,
                Arrays.stream(values).asDoubleStream().toArray(),
                values.length);
    }

    /** An output, poisoned with NaN (-1 for indices). */
    GuardedTensor output(String name, DType type, long... shape) {
        GuardedTensor t = guarded(name, GuardedTensor.Use.OUTPUT, type, shape);
        if (type == DType.I32) {
            for (int i = 0; i < t.live().elements(); i++) {
                t.set(i, -1);
            }
        }
        return t;
    }

    /** A random matrix {@code [out, in]}, scaled by 1/sqrt(in), rounded to the fixture's dtype. */
    HostTensor matrix(int out, int in) {
        HostTensor w = HostTensor.allocate(arena, dtype, out, in);
        double scale = 1 / Math.sqrt(in);
        draw(w.elements(), (i, r) -> w.set(i, r.nextGaussian() * scale));
        return w;
    }

    Weight weight(WeightRole role, HostTensor... parts) {
        return own(device.prepare(role, dtype, List.of(parts)));
    }

    <T extends AutoCloseable> T own(T resource) {
        resources.add(resource);
        return resource;
    }

    // The call and its truth

    void call(Consumer<Kernels> body) {
        call = body;
    }

    void onReset(Runnable action) {
        resets.add(action);
    }

    /** What the operation has to move and to compute at least. */
    void cost(long minimumBytes, long operations) {
        bytes = minimumBytes;
        flops = operations;
    }

    void expect(Expectation e) {
        expectations.add(e);
    }

    /** Every row is judged, or the first, the last and 32 others; the rest has to be finite. */
    void expectRows(GuardedTensor out, Tolerance tolerance, long k, IntFunction<Truth> truth) {
        expectRows(out, row -> true, tolerance, k, truth);
    }

    /** As above; rows that are not live have to stay as they were. */
    void expectRows(
            GuardedTensor out,
            IntPredicate live,
            Tolerance tolerance,
            long k,
            IntFunction<Truth> truth) {
        expect(
                (now, comparison) -> {
                    HostTensor actual = now.get(out.name());
                    int columns = out.live().columns();
                    int rows = out.live().rows();
                    SortedSet<Integer> judged = sampledRows(rows);
                    Map<Integer, Truth> truths =
                            judged.parallelStream()
                                    .filter(live::test)
                                    .collect(Collectors.toMap(row -> row, truth::apply));
                    BitSet suspects = rowsNotFinite(actual, rows, columns);
                    for (int row = 0; row < rows; row++) {
                        if (!live.test(row)) {
                            out.unchanged(actual, row * columns, (row + 1) * columns, comparison);
                        } else if (truths.containsKey(row)) {
                            judge(
                                    actual,
                                    (long) row * columns,
                                    truths.get(row),
                                    tolerance,
                                    k,
                                    out.name(),
                                    comparison);
                        } else if (suspects.get(row)) {
                            for (long i = (long) row * columns; i < (row + 1L) * columns; i++) {
                                comparison.finite(actual.get(i), out.name(), i);
                            }
                        }
                    }
                });
    }

    private static BitSet rowsNotFinite(HostTensor actual, int rows, int columns) {
        BitSet found = new BitSet();
        if (actual.dtype().isFloat()) {
            IntStream.range(0, rows)
                    .parallel()
                    .filter(row -> !isFinite(actual, (long) row * columns, columns))
                    .boxed()
                    .toList()
                    .forEach(found::set);
        }
        return found;
    }

    private static boolean isFinite(HostTensor t, long from, int n) {
        for (long i = from; i < from + n; i++) {
            if (!Double.isFinite(t.get(i))) {
                return false;
            }
        }
        return true;
    }

    static void judge(
            HostTensor actual,
            long offset,
            Truth truth,
            Tolerance tolerance,
            long k,
            String name,
            Comparison.Builder comparison) {
        double scale = truth.magnitude;
        for (double v : truth.values) {
            if (Double.isFinite(v)) {
                scale = Math.max(scale, Math.abs(v));
            }
        }
        for (int i = 0; i < truth.values.length; i++) {
            double bound = tolerance.bound(actual.dtype(), truth.values[i], scale, k);
            comparison.element(actual.get(offset + i), truth.values[i], bound, name, offset + i);
        }
    }

    private SortedSet<Integer> sampledRows(int rows) {
        SortedSet<Integer> sampled = new TreeSet<>();
        SplittableRandom r = new SplittableRandom(seed);
        boolean all = rows <= SAMPLED_ROWS + 2;
        for (int i = 0; i < Math.min(rows, SAMPLED_ROWS); i++) {
            sampled.add(all ? i : r.nextInt(rows));
        }
        if (rows > 0) {
            sampled.add(0);
            sampled.add(rows - 1);
        }
        if (all && rows > 2) {
            sampled.add(rows - 2);
        }
        return sampled;
    }

    /**
     * Typical size of a dot product of a row and the matrix' rows: what rounding errors of the sum
     * are measured by.
     */
    static double magnitude(double[] x, HostTensor matrix) {
        int in = x.length;
        double largest = 0;
        int rows = (int) Math.min(matrix.dim(0), 64);
        for (int o = 0; o < rows; o++) {
            double sum = 0;
            for (int i = 0; i < in; i++) {
                double w = matrix.get((long) o * in + i);
                sum += w * w * x[i] * x[i];
            }
            largest = Math.max(largest, sum);
        }
        return Math.sqrt(largest);
    }

    // Instance

    @Override
    public void reset() {
        tensors.forEach(GuardedTensor::reset);
        resets.forEach(Runnable::run);
    }

    @Override
    public void run() {
        call.accept(kernels);
    }

    @Override
    public void run(Kernels other) {
        call.accept(other);
    }

    @Override
    public boolean accumulates() {
        return tensors.stream().anyMatch(GuardedTensor::accumulates);
    }

    @Override
    public Comparison compare() {
        Comparison.Builder comparison = new Comparison.Builder();
        try (Arena memory = Arena.ofShared()) {
            Map<String, HostTensor> now =
                    tensors.stream()
                            .collect(
                                    Collectors.toMap(
                                            GuardedTensor::name, t -> t.read(memory, comparison)));
            expectations.forEach(e -> e.check(now, comparison));
        }
        return comparison.build();
    }

    @Override
    public byte[] outputBits() {
        try (Arena memory = Arena.ofShared()) {
            var bits = new java.io.ByteArrayOutputStream();
            for (GuardedTensor t : tensors) {
                bits.writeBytes(
                        t.read(memory, new Comparison.Builder())
                                .data()
                                .toArray(java.lang.foreign.ValueLayout.JAVA_BYTE));
            }
            return bits.toByteArray();
        }
    }

    @Override
    public long bytes() {
        return bytes;
    }

    @Override
    public long flops() {
        return flops;
    }

    @Override
    public void close() {
        tensors.forEach(GuardedTensor::close);
        for (AutoCloseable r : resources) {
            try {
                r.close();
            } catch (RuntimeException e) {
                throw e;
            } catch (Exception e) {
                throw new IllegalStateException("could not free a resource of a workload", e);
            }
        }
        arena.close();
    }

    /** Bytes of all rows of tensors. */
    static long bytesOf(Tensor... all) {
        return Arrays.stream(all).mapToLong(Tensor::byteSize).sum();
    }
}
