package io.sparktts.contract;

import io.sparktts.backend.DType;
import io.sparktts.backend.Device;
import io.sparktts.backend.HostTensor;
import io.sparktts.backend.Tensor;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * A tensor that is a view into a larger one whose other elements are garbage: reading them shows as
 * NaN in a result, and writing them is noticed.
 */
final class GuardedTensor implements AutoCloseable {
    /** What a kernel may do with the live elements. */
    enum Use {
        INPUT,
        OUTPUT,
        IN_OUT
    }

    private static final int GUARD = 64;

    /** Elements around the live ones at most. */
    static final int MOST_GUARDS = 3 * GUARD;

    private final String name;
    private final Device device;
    private final Use use;
    private final Tensor whole;
    private final Tensor live;
    private final HostTensor image;
    private final int before;
    private final int elements;

    /**
     * @param misalign elements by which the view is moved off the alignment of the allocation, at
     *     most 64
     * @throws IllegalArgumentException for more than {@link KernelWorkload#MOST_ELEMENTS}
     */
    GuardedTensor(
            Device device,
            Arena arena,
            String name,
            Use use,
            int misalign,
            DType dtype,
            long... shape) {
        this.device = device;
        this.name = name;
        this.use = use;
        this.before = GUARD + misalign;
        long n = 1;
        for (long d : shape) {
            n *= d;
        }
        if (n > KernelWorkload.MOST_ELEMENTS) {
            throw new IllegalArgumentException(
                    name
                            + " has "
                            + n
                            + " elements; a workload's tensor has at most "
                            + KernelWorkload.MOST_ELEMENTS);
        }
        this.elements = (int) n;
        this.whole = device.allocate(dtype, before + n + GUARD);
        this.live = whole.view(before, shape);
        this.image = HostTensor.allocate(arena, dtype, before + n + GUARD);
        for (long i = 0; i < image.elements(); i++) {
            // An index that is read past the end should not crash the device: 0 is always a valid
            // one.
            image.set(i, dtype == DType.I32 ? 0 : Double.NaN);
        }
    }

    Tensor live() {
        return live;
    }

    /** Whether a call changes floating-point numbers that the next call starts from. */
    boolean accumulates() {
        return use == Use.IN_OUT && live.dtype().isFloat();
    }

    String name() {
        return name;
    }

    /**
     * Sets a live element of the image, rounded to the dtype; {@link #reset} brings it to the
     * device.
     */
    void set(int i, double value) {
        image.set(before + i, value);
    }

    /** A live element as it was before the call, rounded to the dtype. */
    double initial(int i) {
        return image.get(before + i);
    }

    /** A row of live elements as it was before the call. */
    double[] initialRow(int row) {
        int n = live.columns();
        double[] out = new double[n];
        for (int i = 0; i < n; i++) {
            out[i] = initial(row * n + i);
        }
        return out;
    }

    int[] initialInts() {
        int[] out = new int[elements];
        for (int i = 0; i < elements; i++) {
            out[i] = (int) initial(i);
        }
        return out;
    }

    /** Brings inputs, poison and garbage to the device. */
    void reset() {
        device.write(whole, image.data());
    }

    /**
     * The live elements, as they are now on the device; guard bands and inputs are compared bit by
     * bit.
     */
    HostTensor read(Arena arena, Comparison.Builder comparison) {
        HostTensor now = device.download(whole, arena);
        long bytes = image.dtype().bytes();
        long start = before * bytes;
        long end = start + elements * bytes;
        same(now, 0, start, "memory before " + name + " was written", comparison);
        same(now, end, now.data().byteSize(), "memory after " + name + " was written", comparison);
        if (use == Use.INPUT) {
            same(now, start, end, "input " + name + " was changed", comparison);
        }
        return new HostTensor(image.dtype(), live.shape(), now.data().asSlice(start, end - start));
    }

    /** Reports elements {@code [from, to)} that are not what they were, bit by bit. */
    void unchanged(HostTensor now, int from, int to, Comparison.Builder comparison) {
        long bytes = image.dtype().bytes();
        MemorySegment was = image.data().asSlice((before + from) * bytes, (to - from) * bytes);
        long at = was.mismatch(now.data().asSlice(from * bytes, (to - from) * bytes));
        if (at >= 0) {
            comparison.fail(name + "[" + (from + at / bytes) + "] should have stayed as it was");
        }
    }

    private void same(
            HostTensor now, long from, long to, String what, Comparison.Builder comparison) {
        long at =
                image.data().asSlice(from, to - from).mismatch(now.data().asSlice(from, to - from));
        if (at >= 0) {
            comparison.fail(
                    what + ", at element " + ((from + at) / image.dtype().bytes() - before));
        }
    }

    @Override
    public void close() {
        whole.close();
    }
}
