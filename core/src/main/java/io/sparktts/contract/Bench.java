package io.sparktts.contract;

import io.sparktts.backend.DType;
import io.sparktts.backend.Device;
import io.sparktts.backend.HostTensor;
import io.sparktts.backend.Kernels;
import io.sparktts.backend.Op;
import io.sparktts.backend.SequenceBatch;
import io.sparktts.backend.Tensor;
import io.sparktts.backend.Variants;
import io.sparktts.backend.Weight;
import io.sparktts.backend.WeightRole;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A device during a golden check, and all that the check allocates on it. */
final class Bench implements AutoCloseable {
    final Device device;
    final Kernels kernels;
    private final Variants variants;
    private final Arena arena = Arena.ofShared();
    private final List<AutoCloseable> resources = new ArrayList<>();

    Bench(Device device, Kernels kernels, Variants variants) {
        this.device = device;
        this.kernels = kernels;
        this.variants = variants;
    }

    Tolerance tolerance(Op op) {
        return Tolerance.of(op, variants.choose(op, device.variants(op)));
    }

    <T extends AutoCloseable> T own(T resource) {
        resources.add(resource);
        return resource;
    }

    Tensor upload(HostTensor t, DType dtype) {
        return own(device.upload(t, dtype));
    }

    Tensor upload(DType dtype, double[] values, long... shape) {
        return upload(HostTensor.of(arena, dtype, values, shape), dtype);
    }

    Tensor ints(int... values) {
        return upload(HostTensor.ofInts(arena, values), DType.I32);
    }

    /** An output, filled with NaN. */
    Tensor output(DType dtype, long... shape) {
        HostTensor poison = HostTensor.allocate(arena, dtype, shape);
        for (long i = 0; i < poison.elements(); i++) {
            poison.set(i, dtype == DType.I32 ? -1 : Double.NaN);
        }
        return upload(poison, dtype);
    }

    Weight weight(WeightRole role, DType dtype, HostTensor... parts) {
        return own(device.prepare(role, dtype, List.of(parts)));
    }

    SequenceBatch batch(Sequences s) {
        int[] positions =
                java.util.stream.IntStream.range(0, s.tokens()).map(s::position).toArray();
        return new SequenceBatch(
                ints(s.offsets()), ints(positions), ints(s.past()), ints(s.slot()));
    }

    double[] read(Tensor t) {
        return device.download(t, arena).toDoubles();
    }

    /**
     * Compares a device tensor with the truth.
     *
     * @param dtype whose epsilon counts
     * @param columns elements of the truth that share a scale
     */
    void compare(
            Tensor actual,
            double[] truth,
            DType dtype,
            int columns,
            Tolerance tolerance,
            long k,
            String what,
            Comparison.Builder c) {
        double[] now = read(actual);
        if (now.length != truth.length) {
            c.fail(what + " has " + now.length + " elements, the golden one " + truth.length);
            return;
        }
        for (int i = 0; i < truth.length; i++) {
            int row = i / columns * columns;
            double scale =
                    Arrays.stream(truth, row, Math.min(row + columns, truth.length))
                            .map(Math::abs)
                            .max()
                            .orElse(0);
            c.element(now[i], truth[i], tolerance.bound(dtype, truth[i], scale, k), what, i);
        }
    }

    @Override
    public void close() {
        for (AutoCloseable r : resources.reversed()) {
            try {
                r.close();
            } catch (RuntimeException e) {
                throw e;
            } catch (Exception e) {
                throw new IllegalStateException("could not free a resource of a golden check", e);
            }
        }
        arena.close();
    }
}
