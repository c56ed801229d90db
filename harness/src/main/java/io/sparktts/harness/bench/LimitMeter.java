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
 * Measures, before and after a row and in its process, the limit that the row is to be compared
 * with: what a machine can do drifts within minutes.
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

    LimitMeter(BenchSpec spec, Device device, long bytes, double flops) {
        this.backend = spec.backend();
        this.device = device;
        this.dtype = spec.dtype();
        if (spec.kind() == BenchKind.DECODE) {
            kinds = List.of(LimitKind.READ);
        } else if (bytes > 0 && flops < RIDGE * bytes) {
            kinds = List.of(LimitKind.READ, LimitKind.COPY, LimitKind.SCALE);
        } else {
            kinds = List.of(LimitKind.FMA);
        }
    }

    /** Measures all kinds. */
    void measure(Duration each) {
        kinds.forEach(kind -> measure(kind, each));
    }

    /** Measures the fastest kind once more; the better of two measurements counts. */
    void measureFastest(Duration each) {
        best.entrySet().stream()
                .max(Comparator.comparingDouble(e -> e.getValue().value()))
                .ifPresent(e -> measure(e.getKey(), each));
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

    /** The fastest of those measured. */
    Optional<Limit> limit() {
        return best.values().stream().max(Comparator.comparingDouble(Limit::value));
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
