package io.sparktts.reports.schema;

import tools.jackson.core.JacksonException;
import tools.jackson.databind.MapperFeature;
import tools.jackson.databind.json.JsonMapper;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The content of one or several result files.
 *
 * <p>A file holds one JSON object per line and only ever grows, so a run that is cut off keeps
 * every row it had finished.
 *
 * @param environments one per id
 * @param rows one per environment and {@link RowKey}, the last written
 * @param truncated whether the last line was cut off and left out
 */
public record ResultFile(List<Environment> environments, List<Row> rows, boolean truncated) {

    private static final JsonMapper JSON =
            JsonMapper.builder()
                    // the order of the record components reads better in a raw file
                    .disable(MapperFeature.SORT_PROPERTIES_ALPHABETICALLY)
                    .build();

    /** What a resumed run need not measure again; other rows failed for reasons that may pass. */
    private static final Set<Status> SETTLED =
            Set.of(Status.PASSED, Status.INCORRECT, Status.NON_FINITE, Status.UNSUPPORTED);

    private record RowId(String environmentId, RowKey key) {}

    public ResultFile {
        environments = List.copyOf(environments);
        rows = List.copyOf(rows);
    }

    /** Appends one line and forces it to disk; makes the file and its folder when absent. */
    public static void append(Path file, ResultLine line) {
        append(file, List.of(line));
    }

    /**
     * Appends lines and forces them to disk. A line that an earlier run left cut off is removed.
     */
    public static void append(Path file, List<? extends ResultLine> lines) {
        StringBuilder text = new StringBuilder();
        for (ResultLine line : lines) {
            text.append(toJson(line)).append('\n');
        }
        try {
            Path folder = file.toAbsolutePath().getParent();
            if (folder != null) {
                Files.createDirectories(folder);
            }
            try (RandomAccessFile out = new RandomAccessFile(file.toFile(), "rw")) {
                seekToEndOfLines(out);
                out.write(text.toString().getBytes(StandardCharsets.UTF_8));
                out.getFD().sync();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(file + ": cannot append: " + e.getMessage(), e);
        }
    }

    /**
     * Reads a file. A last line without its line end is what an interrupted run leaves, and is left
     * out; any other bad line is an error.
     *
     * @throws ReportException if the file is absent or has a bad line, naming file and line
     */
    public static ResultFile read(Path file) {
        String text;
        try {
            text =
                    Files.isRegularFile(file)
                            ? new String(Files.readAllBytes(file), StandardCharsets.UTF_8)
                            : null;
        } catch (IOException e) {
            throw new ReportException(file + ": cannot be read: " + e.getMessage(), e);
        }
        if (text == null) {
            throw new ReportException(file + ": no such file");
        }
        List<ResultLine> lines = new ArrayList<>();
        boolean truncated = false;
        int number = 0;
        for (int start = 0; start < text.length(); ) {
            number++;
            int end = text.indexOf('\n', start);
            String line = text.substring(start, end < 0 ? text.length() : end).strip();
            start = end < 0 ? text.length() : end + 1;
            if (line.isEmpty()) {
                continue;
            }
            try {
                lines.add(JSON.readValue(line, ResultLine.class));
            } catch (JacksonException e) {
                if (end >= 0) {
                    throw new ReportException(file + ":" + number + ": " + reason(e), e);
                }
                truncated = true;
            }
        }
        return of(lines, truncated);
    }

    /**
     * Joins the files of several machines, tools or runs; a row measured again replaces the older.
     */
    public static ResultFile merge(List<ResultFile> files) {
        List<ResultLine> lines = new ArrayList<>();
        for (ResultFile file : files) {
            lines.addAll(file.environments);
            lines.addAll(file.rows);
        }
        return of(lines, files.stream().anyMatch(ResultFile::truncated));
    }

    /** Keys that a resumed run may skip: those whose outcome would not change by trying again. */
    public Set<RowKey> settledKeys(String environmentId) {
        return rows.stream()
                .filter(row -> row.environmentId().equals(environmentId))
                .filter(row -> SETTLED.contains(row.status()))
                .map(Row::key)
                .collect(Collectors.toUnmodifiableSet());
    }

    /**
     * The environment of a row.
     *
     * @throws ReportException if no file that was read has it
     */
    public Environment environmentOf(Row row) {
        for (Environment environment : environments) {
            if (environment.id().equals(row.environmentId())) {
                return environment;
            }
        }
        throw new ReportException(
                "a row of benchmark %s, backend %s names environment %s, which no input file describes"
                        .formatted(row.benchmark(), row.backend(), row.environmentId()));
    }

    /** One line of a result file, without its line end. */
    public static String toJson(ResultLine line) {
        // the base type makes Jackson write the type field
        return JSON.writerFor(ResultLine.class).writeValueAsString(line);
    }

    private static ResultFile of(List<ResultLine> lines, boolean truncated) {
        Map<String, Environment> environments = new LinkedHashMap<>();
        Map<RowId, Row> rows = new LinkedHashMap<>();
        for (ResultLine line : lines) {
            switch (line) {
                case Environment environment ->
                        environments.merge(environment.id(), environment, Environment::mergedWith);
                case Row row -> rows.put(new RowId(row.environmentId(), row.key()), row);
            }
        }
        return new ResultFile(
                List.copyOf(environments.values()), List.copyOf(rows.values()), truncated);
    }

    /** Positions the file for the next line, over what a cut-off write left behind. */
    private static void seekToEndOfLines(RandomAccessFile file) throws IOException {
        long start = file.length();
        while (start > 0 && !isLineEnd(file, start - 1)) {
            start--;
        }
        byte[] tail = new byte[Math.toIntExact(file.length() - start)];
        file.seek(start);
        file.readFully(tail);
        if (isWhole(new String(tail, StandardCharsets.UTF_8))) {
            file.write('\n');
        } else {
            file.setLength(start);
            file.seek(start);
        }
    }

    private static boolean isLineEnd(RandomAccessFile file, long position) throws IOException {
        file.seek(position);
        return file.read() == '\n';
    }

    /**
     * Whether the piece after the last line end lacks only its line end, as an editor may leave it.
     */
    private static boolean isWhole(String line) {
        try {
            return !line.isBlank() && JSON.readValue(line, ResultLine.class) != null;
        } catch (JacksonException e) {
            return false;
        }
    }

    private static String reason(JacksonException e) {
        String message = e.getOriginalMessage();
        return "not a result line: " + message.lines().findFirst().orElse("");
    }
}
