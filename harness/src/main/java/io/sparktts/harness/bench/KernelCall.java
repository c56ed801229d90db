package io.sparktts.harness.bench;

import io.sparktts.backend.Device;
import io.sparktts.backend.Kernels;
import io.sparktts.backend.Queue;
import io.sparktts.backend.Variants;
import io.sparktts.contract.Comparison;
import io.sparktts.contract.KernelWorkload;

/** One kernel, with the inputs and the truth of its contract case. */
final class KernelCall implements Call {
    private static final long SEED = 1;

    /**
     * Runs in place that stay finite in every dtype: each adds at most some 60 to a residual, and
     * float16 ends at 65504.
     */
    private static final int ROOM = 500;

    private final Queue queue;
    private final Variants variants;
    private final KernelWorkload.Instance instance;
    private int runs;

    KernelCall(BenchSpec spec, Device device) {
        queue = device.newQueue();
        variants = Variants.all(spec.variant());
        Kernels kernels = device.kernels(queue, variants);
        instance =
                spec.kind()
                        .workload(spec.batch(), spec.sequenceLength(), Models.config(spec.model()))
                        .prepare(device, kernels, spec.dtype(), spec.variant(), SEED);
    }

    @Override
    public Queue queue() {
        return queue;
    }

    /** What its kernels run as. */
    Variants variants() {
        return variants;
    }

    @Override
    public void run() {
        ran(1);
        instance.run();
    }

    /** Queues the work once, or records it, on other kernels. */
    void run(Kernels kernels) {
        ran(1);
        instance.run(kernels);
    }

    /** Notes that so many calls were queued by other means. */
    void ran(int calls) {
        runs += calls;
    }

    boolean hasRoomFor(int calls) {
        return !instance.accumulates() || runs + calls <= ROOM;
    }

    @Override
    public boolean full() {
        return !hasRoomFor(1);
    }

    @Override
    public void refresh() {
        if (instance.accumulates()) {
            instance.reset();
            runs = 0;
        }
    }

    @Override
    public Comparison check() {
        return instance.check();
    }

    @Override
    public String truth() {
        return "oracle float64";
    }

    @Override
    public long bytes() {
        return instance.bytes();
    }

    @Override
    public double flops() {
        return instance.flops();
    }

    @Override
    public int tokens() {
        return 0;
    }

    @Override
    public void close() {
        instance.close();
        queue.close();
    }
}
