package io.sparktts.reports;

import com.univocity.parsers.common.TextWritingException;

import tech.tablesaw.api.Table;
import tech.tablesaw.io.csv.CsvWriteOptions;

import java.io.IOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;

/** Writes tables with all their columns and digits; a number that is not there is an empty cell. */
final class CsvWriter {
    private CsvWriter() {}

    static void write(Table table, Path file) throws IOException {
        try (Writer writer = Files.newBufferedWriter(file)) {
            table.write().usingOptions(CsvWriteOptions.builder(writer).header(true).build());
        } catch (TextWritingException e) {
            // What the writer said, in what the library makes of it.
            if (e.getCause() instanceof IOException cause) {
                throw cause;
            }
            throw e;
        }
    }
}
