package io.sparktts.contract;

import io.sparktts.backend.DType;
import io.sparktts.backend.Device;
import io.sparktts.backend.Kernels;
import io.sparktts.backend.Op;
import io.sparktts.backend.Queue;
import io.sparktts.backend.Support;
import io.sparktts.backend.Variants;

import java.util.List;

/**
 * A comparison of a device with files that the published PyTorch implementation made.
 *
 * @param name which file and what of it
 * @param dtype label of the tensors
 * @param ops operations that have to be supported
 * @param body the comparison
 */
public record GoldenCheck(String name, DType dtype, List<Op> ops, Body body) {
    /** Runs kernels and compares. */
    interface Body {
        void run(Bench bench, Comparison.Builder comparison);
    }

    public GoldenCheck {
        ops = List.copyOf(ops);
    }

    /** Runs it with default variants. */
    public CaseResult run(Device device) {
        return run(device, Variants.DEFAULT);
    }

    /** Runs it; what goes wrong is in the result, not thrown. */
    public CaseResult run(Device device, Variants variants) {
        String on = device.info().name();
        String label = variants.toString();
        try {
            for (Op op : ops) {
                String variant = variants.choose(op, device.variants(op));
                Support support = device.supports(op, dtype, variant);
                if (!support.supported()) {
                    return CaseResult.unsupported(name, on, label, support.reason());
                }
            }
            try (Queue queue = device.newQueue()) {
                Kernels kernels = device.kernels(queue, variants);
                try (Bench bench = new Bench(device, kernels, variants)) {
                    Comparison.Builder c = new Comparison.Builder();
                    body.run(bench, c);
                    return CaseResult.of(name, on, label, c.build());
                }
            }
        } catch (RuntimeException | LinkageError e) {
            return CaseResult.error(name, on, label, e);
        }
    }

    @Override
    public String toString() {
        return name;
    }
}
