package io.sparktts.harness.bench;

import io.sparktts.backend.DType;
import io.sparktts.backend.Variants;
import io.sparktts.model.Qwen2Config;

/** How long rows take, roughly: for {@code --dry-run} and the time left. */
final class Estimate {
    /**
     * Backends that are written to be read: their calls are timed only up to {@link
     * #READABLE_FLOPS}.
     */
    private static final String REFERENCE = "reference";

    /** 2 GFLOP. */
    static final double READABLE_FLOPS = 2e9;

    private static final double START_MILLIS = 1_500;

    private Estimate() {}

    /** Whether a backend's calls are bounded by {@link #READABLE_FLOPS}. */
    static boolean bounded(String backend) {
        return backend.equals(REFERENCE);
    }

    /** Time of a row, its process and its check included. */
    static double rowMillis(
            BenchKind kind,
            String backend,
            String variant,
            DType dtype,
            int batch,
            int sequence,
            Qwen2Config c,
            RunPlan.Effort effort) {
        int cores = Runtime.getRuntime().availableProcessors();
        boolean naive = variant.startsWith(Variants.NAIVE);
        double flopsPerMillis =
                bounded(backend) ? 0.4e6 : cores * 30e6 * (naive && !kind.wholeModel() ? 0.5 : 1);
        double bytesPerMillis = bounded(backend) ? 0.4e6 : 8e6 / (naive ? 4 : 1);
        double bytes = bytes(kind, dtype, batch, sequence, c);
        double call =
                Math.max(kind.flops(batch, sequence, c) / flopsPerMillis, bytes / bytesPerMillis);
        double calls =
                effort.warmups() * Math.max(call, (double) effort.warmupMillis())
                        + effort.rounds() * Math.max(call, (double) effort.roundMillis());
        double fixed = START_MILLIS + 4 * (effort.limitMillis() + 100) + 2 * call;
        if (kind.wholeModel()) {
            double weights =
                    BenchKind.layerWeights(c) * c.layers()
                            + (double) c.vocabSize() * c.hiddenSize();
            double prompt =
                    kind == BenchKind.DECODE
                            ? BenchKind.PREFILL.flops(batch, sequence, c) / flopsPerMillis
                            : 0;
            // Drawing and packing the weights, and the check on two layers.
            fixed += weights / (100_000.0 * cores) + 1_500 + prompt;
        }
        return fixed + calls;
    }

    private static double bytes(
            BenchKind kind, DType dtype, int batch, int sequence, Qwen2Config c) {
        double rows = (double) batch * sequence;
        double elements =
                switch (kind) {
                    case RMS_NORM -> 2 * rows * c.hiddenSize();
                    case ADD_RMS_NORM -> 4 * rows * c.hiddenSize();
                    case SOFTMAX -> 2 * rows * c.vocabSize();
                    // Some passes for top-k and top-p.
                    case SAMPLING -> 8 * rows * c.vocabSize();
                    case DECODE ->
                            BenchKind.layerWeights(c) * c.layers()
                                    + (double) c.vocabSize() * c.hiddenSize();
                    default -> 0;
                };
        return elements * dtype.bytes();
    }
}
