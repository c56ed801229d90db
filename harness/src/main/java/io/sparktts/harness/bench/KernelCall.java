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

    private final Queue queue;
    private final KernelWorkload.Instance instance;

    KernelCall(BenchSpec spec, Device device) {
        queue = device.newQueue();
        Kernels kernels = device.kernels(queue, Variants.all(spec.variant()));
        instance =
                spec.kind()
                        .workload(spec.batch(), spec.sequenceLength(), Models.config(spec.model()))
                        .prepare(device, kernels, spec.dtype(), spec.variant(), SEED);
    }

    @Override
    public Queue queue() {
        return queue;
    }

    @Override
    public void run() {
        instance.run();
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
