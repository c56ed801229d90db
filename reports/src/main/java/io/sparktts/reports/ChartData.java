package io.sparktts.reports;

import io.sparktts.reports.schema.Row;
import io.sparktts.reports.schema.SpeechTimes;
import io.sparktts.reports.schema.SpeechTimes.Stage;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.BinaryOperator;
import java.util.function.Function;
import java.util.function.ToIntFunction;
import java.util.stream.Collectors;
import java.util.stream.DoubleStream;

/** Picks what each chart shows; {@link Charts} draws it. */
final class ChartData {
    /** More than these cannot be told apart by colour. */
    static final int MAX_SERIES = 8;

    /** More groups of bars than these leave no room for their names. */
    private static final int MAX_GROUPS = 12;

    /** Horizontal bars have a line each, and the chart grows with them. */
    private static final int MAX_HORIZONTAL_BARS = 40;

    /** Named points: category to value; null where a series has no value in a category. */
    record Bars(String title, List<String> categories, Map<String, List<@Nullable Double>> series) {
        double least() {
            return values().min().orElse(Double.NaN);
        }

        double most() {
            return values().max().orElse(Double.NaN);
        }

        private DoubleStream values() {
            return series.values().stream()
                    .flatMap(List::stream)
                    .filter(Objects::nonNull)
                    .mapToDouble(Double::doubleValue);
        }
    }

    /** Curves over the sequence length. */
    record Lines(String title, Map<String, SortedMap<Integer, Double>> series) {}

    /**
     * Horizontal bars made of stretches of time.
     *
     * @param bars their names, from top to bottom
     * @param stages stretches by stage, in the order in which the stages first appear
     * @param firstAudioMillis when the first samples came, one per bar
     * @param endMillis of the time that is shown
     */
    record Timeline(
            String title,
            List<String> bars,
            Map<String, List<Span>> stages,
            List<Double> firstAudioMillis,
            double endMillis) {}

    /** A stretch of time in the bar of that index. */
    record Span(int bar, double startMillis, double endMillis) {}

    /** A timeline shows the first second, or more where nothing is heard by then. */
    private static final double SECOND_MILLIS = 1000;

    private final Map<String, String> machines;
    private final boolean manyMachines;

    ChartData(Map<String, String> machines) {
        this.machines = machines;
        this.manyMachines = machines.size() > 1;
    }

    /**
     * Speedup of the optimised rows over the baseline by sequence length, at one batch size: one
     * chart, or one per dtype where the curves are too many for one.
     */
    List<Lines> speedupByLength(String benchmark, List<Comparison> optimised) {
        List<Comparison> timed = optimised.stream().filter(c -> c.speedup() != null).toList();
        int batch = mostLengths(timed);
        List<Comparison> rows = timed.stream().filter(c -> c.row().batch() == batch).toList();
        String title =
                "%s: speedup of optimised over baseline, batch %d".formatted(benchmark, batch);
        List<Lines> charts = new ArrayList<>();
        if (curves(rows).size() <= MAX_SERIES) {
            addLines(charts, title, rows);
        } else {
            Map<String, List<Comparison>> byDtype = new TreeMap<>(Comparisons.WIDE_FIRST);
            rows.forEach(
                    c -> byDtype.computeIfAbsent(c.row().dtype(), k -> new ArrayList<>()).add(c));
            byDtype.forEach((dtype, some) -> addLines(charts, title + ", " + dtype, some));
        }
        return charts;
    }

    private void addLines(List<Lines> charts, String title, List<Comparison> rows) {
        Map<String, SortedMap<Integer, Double>> series = curves(rows);
        // a curve needs two points
        if (series.values().stream().anyMatch(points -> points.size() > 1)) {
            charts.add(new Lines(title + cut(series), first(series)));
        }
    }

    private Map<String, SortedMap<Integer, Double>> curves(List<Comparison> rows) {
        Map<String, SortedMap<Integer, Double>> series = new LinkedHashMap<>();
        for (Comparison comparison : rows) {
            Row row = comparison.row();
            Double speedup = comparison.speedup();
            if (speedup != null) {
                String name = row.backend() + " " + row.dtype() + at(row);
                // configurations of one length may differ in width; the slower one is shown
                series.computeIfAbsent(name, key -> new TreeMap<>())
                        .merge(row.sequenceLength(), speedup, Math::min);
            }
        }
        return series;
    }

    /** Time per call, by dtype and batch size at one length or by dtype and length at one batch. */
    @Nullable Bars latency(String benchmark, List<Row> all, List<Comparison> optimised) {
        List<Row> rows =
                all.stream()
                        .filter(r -> r.time() != null)
                        .filter(r -> !Comparison.isAblation(r))
                        .toList();
        Set<Row> fastest = optimised.stream().map(Comparison::row).collect(Collectors.toSet());
        boolean many = tooMany(rows);
        if (many) {
            // each backend's own baseline and its fastest variant tell most
            Set<Row> shown = new HashSet<>(fastest);
            optimised.stream()
                    .map(Comparison::baseline)
                    .filter(Objects::nonNull)
                    .forEach(shown::add);
            rows = rows.stream().filter(shown::contains).toList();
        }
        if (rows.isEmpty()) {
            return null;
        }
        boolean byLength = distinct(rows, Row::batch) == 1 && lengthGroups(rows) <= MAX_GROUPS;
        int length = mostFrequent(rows, Row::sequenceLength);
        int batch = rows.getFirst().batch();
        return bars(
                benchmark
                        + ": time per call [ms], "
                        + (byLength ? "batch " + batch : "sequence length " + length),
                rows.stream().filter(r -> byLength || r.sequenceLength() == length).toList(),
                MAX_GROUPS,
                r -> r.dtype() + (byLength ? " n" + r.sequenceLength() : " b" + r.batch()),
                r -> (many && fastest.contains(r) ? r.backend() + ":optimised" : label(r)) + at(r),
                r -> r.time() == null ? null : (Double) r.time().medianMillis(),
                Math::min);
    }

    /** Largest error by dtype; rows that failed are in it, since their error is what matters. */
    @Nullable Bars error(String benchmark, List<Row> all) {
        List<Row> rows =
                all.stream()
                        .filter(r -> !Comparison.isAblation(r))
                        .filter(r -> positive(r.maxAbsDiff()))
                        .toList();
        boolean many = tooMany(rows);
        return bars(
                benchmark + ": largest absolute difference from the reference",
                rows,
                MAX_GROUPS,
                Row::dtype,
                r -> (many ? r.backend() : label(r)) + at(r),
                Row::maxAbsDiff,
                Math::max);
    }

    /** Best share of the measured limit by kernel. */
    @Nullable Bars shareOfLimit(List<Row> all) {
        return bars(
                "Best share of the measured limit [%]",
                all.stream().filter(r -> positive(r.percentOfLimit())).toList(),
                MAX_HORIZONTAL_BARS,
                r -> r.benchmark() + " " + r.dtype() + " " + r.backend() + at(r),
                r -> "share",
                Row::percentOfLimit,
                Math::max);
    }

    /** What the first second of an utterance goes into; null where nothing is spoken. */
    @Nullable Timeline timeline(List<Row> all) {
        List<Row> rows = SpeechTable.rows(all);
        List<Row> shown = rows.stream().limit(MAX_HORIZONTAL_BARS).toList();
        List<SpeechTimes> times = shown.stream().map(Row::speech).filter(Objects::nonNull).toList();
        if (times.isEmpty()) {
            return null;
        }
        List<Double> firstAudio =
                times.stream()
                        .map(t -> t.timeline().stream().filter(s -> s.name().equals(Stage.CODEC)))
                        .map(codec -> codec.mapToDouble(Stage::endMillis).min().orElse(Double.NaN))
                        .toList();
        double end = 0;
        for (int bar = 0; bar < times.size(); bar++) {
            double last =
                    times.get(bar).timeline().stream()
                            .mapToDouble(Stage::endMillis)
                            .max()
                            .orElse(0);
            end = Math.max(end, Math.min(last, Math.max(SECOND_MILLIS, firstAudio.get(bar))));
        }
        Map<String, List<Span>> stages = new LinkedHashMap<>();
        for (int bar = 0; bar < times.size(); bar++) {
            for (Stage s : times.get(bar).timeline()) {
                if (s.startMillis() < end) {
                    stages.computeIfAbsent(s.name(), key -> new ArrayList<>())
                            .add(new Span(bar, s.startMillis(), Math.min(s.endMillis(), end)));
                }
            }
        }
        String more =
                rows.size() > shown.size()
                        ? " (%d of %d rows)".formatted(shown.size(), rows.size())
                        : "";
        return new Timeline(
                "Where the first second of speaking goes" + more,
                shown.stream()
                        .map(r -> label(r) + " " + r.dtype() + " " + r.shape() + at(r))
                        .toList(),
                stages,
                firstAudio,
                end);
    }

    private static String label(Row row) {
        return Comparison.label(row);
    }

    private boolean tooMany(List<Row> rows) {
        return rows.stream().map(r -> label(r) + at(r)).distinct().count() > MAX_SERIES;
    }

    private static long distinct(List<Row> rows, ToIntFunction<Row> value) {
        return rows.stream().mapToInt(value).distinct().count();
    }

    private static long lengthGroups(List<Row> rows) {
        return rows.stream().map(r -> r.dtype() + " " + r.sequenceLength()).distinct().count();
    }

    private static boolean positive(@Nullable Double value) {
        // a log axis has no zero, and a chart no place for NaN; the tables show both
        return value != null && value > 0 && Double.isFinite(value);
    }

    private static @Nullable Bars bars(
            String title,
            List<Row> rows,
            int maxCategories,
            Function<Row, String> category,
            Function<Row, String> name,
            Function<Row, @Nullable Double> value,
            BinaryOperator<Double> merge) {
        Set<String> categories = new LinkedHashSet<>();
        Map<String, Map<String, Double>> series = new LinkedHashMap<>();
        List<Row> ordered =
                rows.stream()
                        .sorted(
                                Comparator.comparing(Row::benchmark)
                                        .thenComparing(Row::dtype, Comparisons.WIDE_FIRST)
                                        .thenComparingInt(Row::batch)
                                        .thenComparingInt(Row::sequenceLength))
                        .toList();
        for (Row row : ordered) {
            Double number = value.apply(row);
            if (number != null) {
                categories.add(category.apply(row));
                series.computeIfAbsent(name.apply(row), key -> new LinkedHashMap<>())
                        .merge(category.apply(row), number, merge);
            }
        }
        if (series.isEmpty()) {
            return null;
        }
        List<String> shown = categories.stream().limit(maxCategories).toList();
        Map<String, List<@Nullable Double>> values = new LinkedHashMap<>();
        first(series)
                .forEach(
                        (key, points) -> {
                            List<@Nullable Double> list = new ArrayList<>();
                            shown.forEach(c -> list.add(points.get(c)));
                            values.put(key, list);
                        });
        values.values().removeIf(list -> list.stream().allMatch(v -> v == null));
        String more =
                categories.size() > shown.size()
                        ? " (%d of %d groups)".formatted(shown.size(), categories.size())
                        : "";
        return new Bars(title + more + cut(series), shown, values);
    }

    private static <V> Map<String, V> first(Map<String, V> series) {
        Map<String, V> first = new LinkedHashMap<>();
        series.entrySet().stream()
                .limit(MAX_SERIES)
                .forEach(entry -> first.put(entry.getKey(), entry.getValue()));
        return first;
    }

    private static String cut(Map<String, ?> series) {
        return series.size() > MAX_SERIES
                ? " (%d of %d series)".formatted(MAX_SERIES, series.size())
                : "";
    }

    private static int mostLengths(List<Comparison> rows) {
        Map<Integer, Set<Integer>> lengths = new TreeMap<>();
        for (Comparison comparison : rows) {
            lengths.computeIfAbsent(comparison.row().batch(), key -> new TreeSet<>())
                    .add(comparison.row().sequenceLength());
        }
        int batch = 0;
        int most = 0;
        for (Map.Entry<Integer, Set<Integer>> entry : lengths.entrySet()) {
            if (entry.getValue().size() > most) {
                batch = entry.getKey();
                most = entry.getValue().size();
            }
        }
        return batch;
    }

    private static int mostFrequent(List<Row> rows, ToIntFunction<Row> value) {
        return rows.stream()
                .collect(
                        Collectors.groupingBy(
                                value::applyAsInt, TreeMap::new, Collectors.counting()))
                .entrySet()
                .stream()
                .max(
                        Map.Entry.<Integer, Long>comparingByValue()
                                .thenComparing(Map.Entry.comparingByKey()))
                .map(Map.Entry::getKey)
                .orElse(0);
    }

    private String at(Row row) {
        return manyMachines ? " @" + machines.get(row.environmentId()) : "";
    }
}
