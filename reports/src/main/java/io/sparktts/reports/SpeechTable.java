package io.sparktts.reports;

import io.sparktts.reports.schema.Row;
import io.sparktts.reports.schema.SpeechTimes;
import io.sparktts.reports.schema.Timing;

import org.jspecify.annotations.Nullable;

import tech.tablesaw.api.IntColumn;
import tech.tablesaw.api.Table;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import java.util.function.ToIntFunction;

/** Where the time of spoken utterances goes, a line per row that has stages; medians. */
final class SpeechTable {
    private SpeechTable() {}

    static Table of(List<Row> all, Map<String, String> machines) {
        List<Row> rows = rows(all);
        Table table = Table.create("speech-stages");
        SpeedupTable.text(table, Columns.MACHINE, rows, r -> machines.get(r.environmentId()));
        SpeedupTable.text(table, Columns.MODEL, rows, Row::model);
        SpeedupTable.text(table, Columns.CONFIGURATION, rows, Row::shape);
        SpeedupTable.text(table, Columns.DTYPE, rows, Row::dtype);
        SpeedupTable.text(table, Columns.BACKEND, rows, Row::backend);
        SpeedupTable.text(table, Columns.DEVICE, rows, Row::device);
        SpeedupTable.text(table, Columns.VARIANT, rows, Row::variant);
        count(table, Columns.PROMPT_TOKENS, rows, SpeechTimes::promptTokens);
        count(table, Columns.NEW_TOKENS, rows, SpeechTimes::newTokens);
        time(table, Columns.PREFILL_MILLIS, rows, SpeechTimes::prefill);
        time(table, Columns.TOKEN_MILLIS, rows, SpeechTimes::perToken);
        time(table, Columns.CODEC_MILLIS, rows, SpeechTimes::codecPerSecond);
        time(table, Columns.FIRST_AUDIO_MILLIS, rows, SpeechTimes::firstAudio);
        number(table, Columns.REAL_TIME_FACTOR, rows, SpeechTimes::realTimeFactor);
        number(table, Columns.UNDERRUN_MILLIS, rows, SpeechTimes::largestUnderrunMillis);
        return table;
    }

    /** The rows with stages, in the order of all tables. */
    static List<Row> rows(List<Row> all) {
        return all.stream()
                .filter(r -> r.speech() != null)
                .sorted(Comparisons.BY_CONFIGURATION)
                .toList();
    }

    private static void count(
            Table table, String name, List<Row> rows, ToIntFunction<SpeechTimes> value) {
        IntColumn column = IntColumn.create(name);
        for (Row row : rows) {
            column.append(value.applyAsInt(Objects.requireNonNull(row.speech())));
        }
        table.addColumns(column);
    }

    private static void time(
            Table table, String name, List<Row> rows, Function<SpeechTimes, Timing> time) {
        number(table, name, rows, s -> time.apply(s).medianMillis());
    }

    private static void number(
            Table table, String name, List<Row> rows, Function<SpeechTimes, Double> value) {
        SpeedupTable.number(table, name, rows, r -> ofSpeech(r, value));
    }

    private static @Nullable Double ofSpeech(Row row, Function<SpeechTimes, Double> value) {
        SpeechTimes speech = row.speech();
        return speech == null ? null : value.apply(speech);
    }
}
