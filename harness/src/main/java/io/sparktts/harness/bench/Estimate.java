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

    /**
     * Modest figures for a GPU: rows that take most of their time elsewhere need no better ones.
     */
    private static final double DEVICE_FLOPS_PER_MILLI = 3e10;

    private static final double DEVICE_BYTES_PER_MILLI = 5e8;

    /** Drawing, rounding and checking an input's element on one core. */
    private static final double DRAW_MILLIS = 60e-6;

    /** The 16-bit matrix unit is about ten times as fast as true float32. */
    private static final double MATRIX_UNIT = 10;

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
            RunPlan.Effort effort,
            boolean asynchronous) {
        int cores = Runtime.getRuntime().availableProcessors();
        if (asynchronous) {
            return deviceRowMillis(kind, variant, dtype, batch, sequence, c, effort, cores);
        }
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
        double fixed = START_MILLIS + limits(effort, 100) + 2 * call;
        if (kind.wholeModel()) {
            double prompt =
                    kind == BenchKind.DECODE
                            ? BenchKind.PREFILL.flops(batch, sequence, c) / flopsPerMillis
                            : 0;
            // Drawing and packing the weights, and the check on two layers.
            fixed += weights(c) / (100_000.0 * cores) + 1_500 + prompt;
        }
        return fixed + calls;
    }

    /** Two kinds of limit at first, then one beside each round. */
    private static double limits(RunPlan.Effort effort, double warmUp) {
        return 2 * (effort.limitMillis() + warmUp)
                + (effort.rounds() + 1) * (effort.limitMillis() / 4.0 + 20);
    }

    private static double deviceRowMillis(
            BenchKind kind,
            String variant,
            DType dtype,
            int batch,
            int sequence,
            Qwen2Config c,
            RunPlan.Effort effort,
            int cores) {
        double speed = dtype.bytes() == 2 ? MATRIX_UNIT : 1;
        double slow = variant.startsWith(Variants.NAIVE) ? 4 : 1;
        double call =
                slow
                        * Math.max(
                                kind.flops(batch, sequence, c) / (speed * DEVICE_FLOPS_PER_MILLI),
                                bytes(kind, dtype, batch, sequence, c) / DEVICE_BYTES_PER_MILLI);
        // Replays of recorded calls take as long again as the calls that are timed one by one.
        double round = 2 * Math.max(call, (double) effort.roundMillis());
        double millis =
                START_MILLIS
                        + limits(effort, 20)
                        + effort.warmups() * Math.max(call, (double) effort.warmupMillis())
                        + effort.rounds() * round;
        if (!kind.wholeModel()) {
            return millis + DRAW_MILLIS * elements(kind, batch, sequence, c) / Math.min(cores, 8);
        }
        // Drawing and packing the weights, and the check on two layers.
        return millis + weights(c) / (400_000.0 * Math.min(cores, 8)) + 2_000;
    }

    /** Elements that are drawn and looked at. */
    private static double elements(BenchKind kind, int batch, int sequence, Qwen2Config c) {
        double rows = (double) batch * sequence;
        double queries = (double) c.heads() * c.headDim();
        double keysAndValues = 2.0 * c.kvHeads() * c.headDim();
        double both = (double) c.hiddenSize() * c.intermediateSize();
        return switch (kind) {
            case RMS_NORM -> 2 * rows * c.hiddenSize();
            case ADD_RMS_NORM -> 4 * rows * c.hiddenSize();
            case SILU_MUL -> 3 * rows * c.intermediateSize();
            case MLP -> 3 * both + 2 * rows * c.hiddenSize();
            case SWI_GLU -> 2 * both + rows * (c.hiddenSize() + c.intermediateSize());
            case ATTENTION -> rows * (3 * queries + 2 * keysAndValues);
            case ATTENTION_DECODE -> rows * (queries + 2 * keysAndValues);
            case SOFTMAX, SAMPLING -> 2 * rows * c.vocabSize();
            case CODEC -> BenchKind.CODEC_WEIGHTS;
            case FORWARD, PREFILL, DECODE, SPEECH -> 0;
        };
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
                    case DECODE -> weights(c);
                    case SPEECH -> sequence * weights(c);
                    default -> 0;
                };
        return elements * dtype.bytes();
    }

    /** Elements that a token's pass reads. */
    private static double weights(Qwen2Config c) {
        return BenchKind.layerWeights(c) * c.layers() + (double) c.vocabSize() * c.hiddenSize();
    }
}
