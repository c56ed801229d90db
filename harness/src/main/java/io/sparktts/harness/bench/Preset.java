package io.sparktts.harness.bench;

import io.sparktts.backend.DType;
import io.sparktts.harness.UserError;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** Ready-made grids of benchmarks, shapes and dtypes. */
public enum Preset {
    /** A first look within three minutes on two cores. */
    QUICK(
            1,
            Duration.ofMillis(200),
            3,
            Duration.ofMillis(300),
            Duration.ofMillis(100),
            Duration.ofSeconds(90)),
    /** The grid of the project whose tables this one reproduces. */
    SEED(
            3,
            Duration.ofSeconds(1),
            5,
            Duration.ofSeconds(1),
            Duration.ofMillis(300),
            Duration.ofMinutes(15)),
    /** Everything. */
    FULL(
            3,
            Duration.ofSeconds(1),
            5,
            Duration.ofSeconds(1),
            Duration.ofMillis(300),
            Duration.ofMinutes(30));

    /** Batch and sequence length. */
    public record Shape(int batch, int sequence) {}

    /**
     * Part of a grid.
     *
     * @param ablation whether to swap single operations as well, at the first shape in the first
     *     dtype
     */
    public record Part(BenchKind kind, List<Shape> shapes, List<DType> dtypes, boolean ablation) {
        public Part {
            shapes = List.copyOf(shapes);
            dtypes = List.copyOf(dtypes);
        }
    }

    private static final List<DType> ALL = List.of(DType.F32, DType.F16, DType.BF16);
    private static final List<DType> BF16 = List.of(DType.BF16);

    /** Long enough for exact streaming to begin before the last token. */
    private static final Shape SPEECH = new Shape(1, 150);

    private final int warmups;
    private final Duration warmupTime;
    private final int rounds;
    private final Duration roundTime;
    private final Duration limitTime;
    private final Duration rowTimeout;

    Preset(
            int warmups,
            Duration warmupTime,
            int rounds,
            Duration roundTime,
            Duration limitTime,
            Duration rowTimeout) {
        this.warmups = warmups;
        this.warmupTime = warmupTime;
        this.rounds = rounds;
        this.roundTime = roundTime;
        this.limitTime = limitTime;
        this.rowTimeout = rowTimeout;
    }

    /**
     * The preset of that name.
     *
     * @throws UserError naming the valid ones
     */
    public static Preset parse(String text) {
        return Arrays.stream(values())
                .filter(p -> p.id().equalsIgnoreCase(text))
                .findFirst()
                .orElseThrow(
                        () ->
                                UserError.usage(
                                        "unknown preset '"
                                                + text
                                                + "'; valid: "
                                                + Arrays.stream(values())
                                                        .map(Preset::id)
                                                        .collect(Collectors.joining(", "))));
    }

    /** What the user types. */
    public String id() {
        return name().toLowerCase(Locale.ROOT);
    }

    int warmups() {
        return warmups;
    }

    Duration warmupTime() {
        return warmupTime;
    }

    /** Measured iterations per row. */
    public int rounds() {
        return rounds;
    }

    Duration roundTime() {
        return roundTime;
    }

    Duration limitTime() {
        return limitTime;
    }

    /** How long a row may take before it counts as hung. */
    public Duration rowTimeout() {
        return rowTimeout;
    }

    /** The grid, the most telling rows first. */
    public List<Part> parts() {
        return switch (this) {
            case QUICK -> quick();
            case SEED -> seed();
            case FULL -> full();
        };
    }

    /** The part that measures {@code kind}; a small one of its own where the preset has none. */
    public List<Part> partsOf(BenchKind kind) {
        List<Part> own = parts().stream().filter(p -> p.kind == kind).toList();
        if (!own.isEmpty()) {
            return own;
        }
        List<Part> full = full().stream().filter(p -> p.kind == kind).toList();
        if (!full.isEmpty() && this != QUICK) {
            return full;
        }
        Shape shape =
                switch (kind) {
                    case SOFTMAX, SAMPLING -> new Shape(1, 1);
                    case FORWARD, PREFILL, DECODE -> new Shape(1, 64);
                    case CODEC -> new Shape(1, 50);
                    case SPEECH -> SPEECH;
                    default -> new Shape(1, 128);
                };
        return List.of(new Part(kind, List.of(shape), BF16, false));
    }

    /** What a slow machine has no time for comes last. */
    private static List<Part> quick() {
        List<DType> two = List.of(DType.F32, DType.BF16);
        return List.of(
                new Part(BenchKind.FORWARD, shapes(1, 32), BF16, true),
                new Part(BenchKind.DECODE, shapes(1, 64), BF16, false),
                new Part(BenchKind.RMS_NORM, shapes(8, 512), two, false),
                new Part(BenchKind.MLP, shapes(1, 128), BF16, false),
                new Part(BenchKind.ATTENTION, shapes(1, 256), BF16, false),
                new Part(BenchKind.SAMPLING, shapes(1, 1), BF16, false),
                new Part(BenchKind.SOFTMAX, shapes(1, 1), BF16, false));
    }

    private static List<Part> seed() {
        return List.of(
                new Part(
                        BenchKind.RMS_NORM,
                        shapes(1, 512, 8, 512, 1, 1000, 4, 1024, 1, 2048, 2, 2048),
                        ALL,
                        false),
                new Part(BenchKind.MLP, shapes(1, 512, 4, 512), ALL, false),
                // The ablation runs in the dtype of the published one.
                new Part(BenchKind.FORWARD, shapes(1, 500), BF16, true),
                new Part(BenchKind.FORWARD, shapes(1, 500), List.of(DType.F32, DType.F16), false),
                new Part(
                        BenchKind.FORWARD, shapes(1, 1000, 1, 1500, 1, 2000, 1, 2500), ALL, false));
    }

    /** The tables first; what is measured in passing in one dtype only, and last. */
    private static List<Part> full() {
        List<Part> parts = new ArrayList<>(seed());
        parts.add(new Part(BenchKind.DECODE, shapes(1, 500, 8, 500, 32, 500), ALL, false));
        parts.add(new Part(BenchKind.RMS_NORM, shapes(32, 2048), ALL, false));
        parts.add(new Part(BenchKind.MLP, shapes(8, 2048), ALL, false));
        parts.add(
                new Part(
                        BenchKind.ATTENTION,
                        shapes(1, 500, 1, 1000, 1, 1500, 1, 2000, 1, 2500, 1, 4096, 1, 16384),
                        ALL,
                        false));
        parts.add(new Part(BenchKind.SAMPLING, shapes(1, 1), ALL, false));
        parts.add(new Part(BenchKind.SAMPLING, shapes(8, 1, 32, 1), BF16, false));
        parts.add(new Part(BenchKind.ADD_RMS_NORM, shapes(1, 512, 8, 512), BF16, false));
        parts.add(new Part(BenchKind.SILU_MUL, shapes(1, 512, 4, 2048), BF16, false));
        parts.add(new Part(BenchKind.SWI_GLU, shapes(1, 512), BF16, false));
        parts.add(new Part(BenchKind.ATTENTION_DECODE, shapes(1, 500, 32, 500), BF16, false));
        parts.add(new Part(BenchKind.SOFTMAX, shapes(1, 1), BF16, false));
        parts.add(new Part(BenchKind.CODEC, shapes(1, 25, 1, 50, 1, 184), ALL, false));
        parts.add(new Part(BenchKind.PREFILL, shapes(1, 500, 8, 500, 32, 500), BF16, false));
        parts.add(new Part(BenchKind.SPEECH, List.of(SPEECH), BF16, false));
        return List.copyOf(parts);
    }

    private static List<Shape> shapes(int... batchAndSequence) {
        List<Shape> shapes = new ArrayList<>();
        for (int i = 0; i < batchAndSequence.length; i += 2) {
            shapes.add(new Shape(batchAndSequence[i], batchAndSequence[i + 1]));
        }
        return shapes;
    }
}
