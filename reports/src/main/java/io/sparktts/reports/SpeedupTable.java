package io.sparktts.reports;

import io.sparktts.reports.schema.Row;
import io.sparktts.reports.schema.Timing;

import org.jspecify.annotations.Nullable;

import tech.tablesaw.api.DoubleColumn;
import tech.tablesaw.api.LongColumn;
import tech.tablesaw.api.StringColumn;
import tech.tablesaw.api.Table;
import tech.tablesaw.columns.Column;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.IntStream;

/**
 * The tables of a report, in the form of the published ones: configuration, both times, speedup,
 * error.
 *
 * <p>Tablesaw takes NaN for a missing value, so a NaN error would vanish from a table; that is why
 * status and the count of non-finite outputs are columns of their own.
 */
final class SpeedupTable {

    /** Kept for the CSV files alone: they would make the printed tables too wide to read. */
    private static final Set<String> CSV_ONLY =
            Set.of(
                    Columns.LIMIT_KIND,
                    Columns.ERROR_IN_TOLERANCE,
                    Columns.CLOCK_BEFORE,
                    Columns.CLOCK_AFTER);

    private record Summary(
            String machine,
            String benchmark,
            String dtype,
            String backend,
            String device,
            String variant) {}

    private SpeedupTable() {}

    /** One line per comparison, all columns. */
    static Table of(String name, List<Comparison> lines, Map<String, String> machines) {
        Table table = Table.create(name);
        text(table, Columns.MACHINE, lines, line -> machine(line, machines));
        text(table, Columns.BENCHMARK, lines, line -> line.row().benchmark());
        text(table, Columns.MODEL, lines, line -> line.row().model());
        text(table, Columns.CONFIGURATION, lines, line -> line.row().shape());
        text(table, Columns.DTYPE, lines, line -> line.row().dtype());
        text(table, Columns.BACKEND, lines, line -> line.row().backend());
        text(table, Columns.DEVICE, lines, line -> line.row().device());
        text(table, Columns.BASELINE, lines, SpeedupTable::baselineName);
        number(table, Columns.BASELINE_MILLIS, lines, Comparison::baselineMillis);
        text(table, Columns.VARIANT, lines, line -> line.row().variant());
        number(table, Columns.VARIANT_MILLIS, lines, Comparison::millis);
        number(table, Columns.COLD_MILLIS, lines, SpeedupTable::coldMillis);
        number(table, Columns.LAUNCH_MILLIS, lines, line -> launchMillis(line.row()));
        number(table, Columns.SPEEDUP, lines, Comparison::speedup);
        number(table, Columns.VERSUS_PEER, lines, Comparison::versusPeer);
        text(
                table,
                Columns.PEER,
                lines,
                line -> line.peer() == null ? null : Comparison.label(line.peer()));
        number(table, Columns.VERSUS_BEST, lines, Comparison::versusBest);
        text(table, Columns.BEST, lines, SpeedupTable::bestName);
        number(
                table,
                Columns.BASELINE_DIFFERENCE,
                lines,
                line -> line.baseline() == null ? null : line.baseline().maxAbsDiff());
        number(table, Columns.VARIANT_DIFFERENCE, lines, line -> line.row().maxAbsDiff());
        number(table, Columns.ERROR_IN_TOLERANCE, lines, line -> line.row().errorInTolerance());
        table.addColumns(
                LongColumn.create(
                        Columns.NON_FINITE,
                        lines.stream().mapToLong(line -> line.row().nonFinite()).toArray()));
        number(table, Columns.PERCENT_OF_LIMIT, lines, line -> line.row().percentOfLimit());
        text(table, Columns.LIMIT_KIND, lines, line -> line.row().limitKind());
        number(table, Columns.TOKENS_PER_SECOND, lines, line -> line.row().tokensPerSecond());
        number(table, Columns.COLD_START, lines, line -> line.row().coldStartMillis());
        text(table, Columns.CLOCK, lines, Comparison::clock);
        number(table, Columns.CLOCK_BEFORE, lines, l -> wide(l.row().clockBeforeMegahertz()));
        number(table, Columns.CLOCK_AFTER, lines, l -> wide(l.row().clockAfterMegahertz()));
        number(table, Columns.THROTTLED, lines, l -> throttled(l.row()));
        text(table, Columns.STATUS, lines, line -> line.row().status().name());
        text(table, Columns.PUBLISHED, lines, line -> Format.published(line.published()));
        return table;
    }

    private static @Nullable Double coldMillis(Comparison line) {
        Timing cold = line.row().coldDeviceTime();
        return cold == null ? null : (Double) cold.medianMillis();
    }

    /** What one call costs the host beside the device's time: launches, and waiting for the end. */
    private static @Nullable Double launchMillis(Row row) {
        Timing wall = row.wallTime();
        Timing device = row.deviceTime();
        return wall == null || device == null
                ? null
                : (Double) Math.max(0, wall.medianMillis() - device.medianMillis());
    }

    /** Absent rather than 0, so that the column shows only where something was left out. */
    private static @Nullable Double throttled(Row row) {
        Integer samples = row.throttledSamples();
        return samples == null || samples == 0 ? null : wide(samples);
    }

    private static @Nullable Double wide(@Nullable Integer value) {
        return value == null ? null : (Double) value.doubleValue();
    }

    /** Geometric means per benchmark, dtype, backend and variant. */
    static Table means(String name, List<Comparison> lines, Map<String, String> machines) {
        return means(name, lines, machines, comparison -> comparison.row().variant());
    }

    /** Geometric means per benchmark, dtype and backend, each configuration by its best variant. */
    static Table optimisedMeans(
            String name, List<Comparison> optimised, Map<String, String> machines) {
        return means(name, optimised, machines, comparison -> "optimised");
    }

    private static Table means(
            String name,
            List<Comparison> lines,
            Map<String, String> machines,
            Function<Comparison, String> variant) {
        Map<Summary, List<Comparison>> groups = new LinkedHashMap<>();
        for (Comparison line : lines) {
            // only where a speedup exists: rows without one are listed elsewhere with their reason
            if (line.speedup() != null && !line.isBaselineAlone()) {
                Row row = line.row();
                Summary summary =
                        new Summary(
                                machine(line, machines),
                                row.benchmark(),
                                row.dtype(),
                                row.backend(),
                                row.device(),
                                variant.apply(line));
                groups.computeIfAbsent(summary, key -> new ArrayList<>()).add(line);
            }
        }
        List<Summary> keys = List.copyOf(groups.keySet());
        List<List<Comparison>> members = List.copyOf(groups.values());
        Table table = Table.create(name);
        text(table, Columns.MACHINE, keys, Summary::machine);
        text(table, Columns.BENCHMARK, keys, Summary::benchmark);
        text(table, Columns.DTYPE, keys, Summary::dtype);
        text(table, Columns.BACKEND, keys, Summary::backend);
        text(table, Columns.DEVICE, keys, Summary::device);
        text(table, Columns.VARIANT, keys, Summary::variant);
        table.addColumns(
                LongColumn.create(Columns.COUNT, members.stream().mapToLong(List::size).toArray()));
        number(table, Columns.MEAN_SPEEDUP, members, m -> mean(m, Comparison::speedup));
        number(
                table,
                Columns.LEAST_SPEEDUP,
                members,
                m -> values(m, Comparison::speedup).stream().min(Double::compare).orElse(null));
        number(
                table,
                Columns.MOST_SPEEDUP,
                members,
                m -> values(m, Comparison::speedup).stream().max(Double::compare).orElse(null));
        number(table, Columns.PEER_COUNT, members, SpeedupTable::countWithPeer);
        number(table, Columns.MEAN_VERSUS_PEER, members, m -> mean(m, Comparison::versusPeer));
        number(table, Columns.MEAN_VERSUS_BEST, members, m -> mean(m, Comparison::versusBest));
        return table;
    }

    private static @Nullable Double countWithPeer(List<Comparison> lines) {
        int count = values(lines, Comparison::versusPeer).size();
        return count == 0 ? null : (Double) (double) count;
    }

    static @Nullable Double mean(
            List<Comparison> lines, Function<Comparison, @Nullable Double> value) {
        List<Double> values = values(lines, value);
        return values.isEmpty() ? null : (Double) GeometricMean.of(values);
    }

    static List<Double> values(
            List<Comparison> lines, Function<Comparison, @Nullable Double> value) {
        List<Double> values = new ArrayList<>();
        for (Comparison line : lines) {
            Double number = value.apply(line);
            if (number != null) {
                values.add(number);
            }
        }
        return values;
    }

    /** What failed, and why. */
    static Table failures(List<Row> rows, Map<String, String> machines) {
        List<Row> failed = rows.stream().filter(row -> !row.passed()).toList();
        Table table = Table.create("rows-without-speed");
        text(table, Columns.MACHINE, failed, row -> machines.get(row.environmentId()));
        text(table, Columns.BENCHMARK, failed, Row::benchmark);
        text(table, Columns.CONFIGURATION, failed, Row::shape);
        text(table, Columns.DTYPE, failed, Row::dtype);
        text(table, Columns.BACKEND, failed, Row::backend);
        text(table, Columns.VARIANT, failed, Row::variant);
        text(table, Columns.STATUS, failed, row -> row.status().name());
        number(table, Columns.DIFFERENCE, failed, Row::maxAbsDiff);
        number(table, Columns.ERROR_IN_TOLERANCE, failed, Row::errorInTolerance);
        table.addColumns(
                LongColumn.create(
                        Columns.NON_FINITE, failed.stream().mapToLong(Row::nonFinite).toArray()));
        text(table, "reason", failed, Row::message);
        return table;
    }

    /**
     * The table as a report prints it: without the hidden columns, those kept for CSV and the idle.
     */
    static Table printed(Table table, String... hidden) {
        Set<String> left = new LinkedHashSet<>(CSV_ONLY);
        left.addAll(List.of(hidden));
        Table printed = Table.create(table.name());
        for (Column<?> column : table.columns()) {
            if (!left.contains(column.name())) {
                printed.addColumns(column);
            }
        }
        return withoutIdleColumns(printed);
    }

    /** The table without columns that say nothing here. */
    static Table withoutIdleColumns(Table table) {
        Table busy = Table.create(table.name());
        for (Column<?> column : table.columns()) {
            if (saysSomething(column, table)) {
                busy.addColumns(column);
            }
        }
        return busy;
    }

    private static boolean saysSomething(Column<?> column, Table table) {
        Set<String> cells = new LinkedHashSet<>(cells(column));
        return switch (column.name()) {
            case Columns.CONFIGURATION, Columns.DTYPE, Columns.BACKEND, Columns.STATUS -> true;
            case Columns.MACHINE, Columns.MODEL -> cells.size() > 1;
            case Columns.DEVICE -> !followsFrom(column, table.column(Columns.BACKEND));
            case Columns.NON_FINITE -> !cells.equals(Set.of("0"));
            default -> !cells.equals(Set.of(Format.ABSENT));
        };
    }

    /** Whether each cell of the one column always comes with the same cell of the other. */
    private static boolean followsFrom(Column<?> column, Column<?> other) {
        List<String> cells = cells(column);
        List<String> others = cells(other);
        Map<String, String> seen = new HashMap<>();
        for (int row = 0; row < cells.size(); row++) {
            String before = seen.putIfAbsent(others.get(row), cells.get(row));
            if (before != null && !before.equals(cells.get(row))) {
                return false;
            }
        }
        return true;
    }

    private static List<String> cells(Column<?> column) {
        return IntStream.range(0, column.size()).mapToObj(i -> Format.cell(column, i)).toList();
    }

    private static String machine(Comparison line, Map<String, String> machines) {
        return Objects.requireNonNullElse(machines.get(line.environment().id()), "?");
    }

    /** The baseline's backend where it is another one, and its status where it did not pass. */
    private static @Nullable String baselineName(Comparison line) {
        Row baseline = line.baseline();
        if (baseline == null) {
            return null;
        }
        boolean sameBackend = baseline.backend().equals(line.row().backend());
        String name = sameBackend ? baseline.variant() : Comparison.label(baseline);
        return baseline.passed() ? name : name + " (" + baseline.status() + ")";
    }

    private static @Nullable String bestName(Comparison line) {
        Row best = line.best();
        if (best == null) {
            return null;
        }
        Comparison.Pair pair = line.againstBest();
        boolean otherClock = pair != null && !pair.clock().equals(line.clock());
        Timing time = best.time();
        return time == null || !otherClock
                ? Comparison.label(best)
                : Comparison.label(best) + " (" + pair.clock() + " clock)";
    }

    static <T> void text(
            Table table, String name, List<T> lines, Function<T, @Nullable String> value) {
        StringColumn column = StringColumn.create(name);
        for (T line : lines) {
            String cell = value.apply(line);
            column.append(cell == null ? "" : cell); // tablesaw's missing string
        }
        table.addColumns(column);
    }

    static <T> void number(
            Table table, String name, List<T> lines, Function<T, @Nullable Double> value) {
        DoubleColumn column = DoubleColumn.create(name);
        for (T line : lines) {
            Double cell = value.apply(line);
            if (cell == null) {
                column.appendMissing();
            } else {
                column.append(cell.doubleValue());
            }
        }
        table.addColumns(column);
    }
}
