package io.sparktts.harness.bench;

import io.sparktts.backend.DType;
import io.sparktts.backend.Device;
import io.sparktts.backend.LimitKind;
import io.sparktts.reports.schema.Limit;

import tools.jackson.databind.json.JsonMapper;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * Measures, in a row's process and around each of its rounds, the limit that the row is to be
 * compared with: a shared machine's memory was seen to change its speed by half within seconds, so
 * that only what was measured next to each other can be compared.
 */
final class LimitMeter {
    /**
     * Operations per byte from which arithmetic is the limit; processors and GPUs both turn around
     * here in f32.
     */
    private static final double RIDGE = 10;

    private static final int MAX_REPEATS = 8;

    private final String backend;
    private final Device device;
    private final DType dtype;
    private final List<LimitKind> kinds;
    private final Map<LimitKind, Limit> best = new EnumMap<>(LimitKind.class);
    private final double work;
    private final List<Double> shares = new ArrayList<>();
    private OptionalDouble beside = OptionalDouble.empty();

    LimitMeter(BenchSpec spec, Device device, long bytes, double flops) {
        this.backend = spec.backend();
        this.device = device;
        this.dtype = spec.dtype();
        boolean memory = spec.kind() == BenchKind.DECODE || (bytes > 0 && flops < RIDGE * bytes);
        this.work = memory ? bytes : flops;
        boolean tensorFloat = !spec.dtypeLabel().equals(dtype.id());
        if (work == 0 || (!memory && tensorFloat)) {
            // No probe multiplies in TF32, and float32 multiply-adds are no limit to it.
            kinds = List.of();
        } else if (!memory) {
            kinds = List.of(LimitKind.FMA);
        } else if (spec.kind().writesAsItReads()) {
            kinds = List.of(LimitKind.COPY, LimitKind.SCALE);
        } else {
            kinds = List.of(LimitKind.READ);
        }
    }

    /** Measures all kinds; rounds are compared with the fastest. */
    void measure(Duration each) {
        kinds.forEach(kind -> measure(kind, each));
    }

    /** Before the first round; {@link #endRound} does it for the ones after. */
    void startRound(Duration budget) {
        if (beside.isEmpty()) {
            beside = again(budget);
        }
    }

    /** Compares a round, whose calls took so long, with the limit just before and after it. */
    void endRound(double nanosPerCall, Duration budget) {
        OptionalDouble after = again(budget);
        if (beside.isPresent() && after.isPresent() && nanosPerCall > 0) {
            double limit = (beside.getAsDouble() + after.getAsDouble()) / 2;
            shares.add(work * 1e9 / nanosPerCall / limit);
        }
        beside = after;
    }

    /** The fastest kind's rate now, per second. */
    private OptionalDouble again(Duration budget) {
        return fastest()
                .map(
                        e ->
                                device.measureLimit(
                                        e.getKey(), DType.parse(e.getValue().dtype()), budget))
                .orElse(OptionalDouble.empty());
    }

    private Optional<Map.Entry<LimitKind, Limit>> fastest() {
        return best.entrySet().stream().max(Comparator.comparingDouble(e -> e.getValue().value()));
    }

    /** Median over the rounds of the share of the limit that each had; empty without rounds. */
    OptionalDouble share() {
        if (shares.isEmpty()) {
            return OptionalDouble.empty();
        }
        double[] sorted = shares.stream().mapToDouble(Double::doubleValue).sorted().toArray();
        int middle = sorted.length / 2;
        return OptionalDouble.of(
                sorted.length % 2 == 1
                        ? sorted[middle]
                        : (sorted[middle - 1] + sorted[middle]) / 2);
    }

    private void measure(LimitKind kind, Duration each) {
        DType type = dtype;
        OptionalDouble rate = settled(kind, type, each);
        if (rate.isEmpty()) {
            type = DType.F32;
            rate = settled(kind, type, each);
        }
        if (rate.isPresent()) {
            String unit = kind.memory() ? Limit.GB_PER_SECOND : Limit.GFLOP_PER_SECOND;
            String name = kind.name().toLowerCase(Locale.ROOT);
            Limit limit = new Limit(backend, name, type.id(), rate.getAsDouble() / 1e9, unit);
            best.merge(kind, limit, (a, b) -> a.value() >= b.value() ? a : b);
        }
    }

    /**
     * Arithmetic is measured until it gets no faster: a probe in Java begins interpreted, and a
     * short budget may end before its one loop is compiled.
     */
    private OptionalDouble settled(LimitKind kind, DType type, Duration each) {
        OptionalDouble rate = device.measureLimit(kind, type, each);
        for (int i = 0; i < MAX_REPEATS && rate.isPresent() && !kind.memory(); i++) {
            OptionalDouble again = device.measureLimit(kind, type, each);
            if (again.isEmpty() || again.getAsDouble() < 1.02 * rate.getAsDouble()) {
                return again.isPresent() && again.getAsDouble() > rate.getAsDouble() ? again : rate;
            }
            rate = again;
        }
        return rate;
    }

    /** What rounds are compared with. */
    Optional<Limit> limit() {
        return fastest().map(Map.Entry::getValue);
    }

    /** Appends what was measured to a file of one JSON object per line. */
    void append(Path file) {
        StringBuilder lines = new StringBuilder();
        best.values()
                .forEach(l -> lines.append(JsonMapper.shared().writeValueAsString(l)).append('\n'));
        try {
            Files.writeString(file, lines, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw new UncheckedIOException(file + " cannot be written: " + e.getMessage(), e);
        }
    }

    /** The best of each kind that {@link #append} wrote. */
    static List<Limit> read(Path file) {
        if (!Files.exists(file)) {
            return List.of();
        }
        Map<List<String>, Limit> limits = new LinkedHashMap<>();
        try {
            for (String line : Files.readAllLines(file)) {
                Limit l = JsonMapper.shared().readValue(line, Limit.class);
                limits.merge(
                        List.of(l.backend(), l.kind(), l.dtype()),
                        l,
                        (a, b) -> a.value() >= b.value() ? a : b);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(file + " cannot be read: " + e.getMessage(), e);
        }
        return new ArrayList<>(limits.values());
    }
}
