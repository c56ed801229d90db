package io.sparktts.reports;

import java.util.List;

/** A report's content, written once and printed as Markdown and as HTML. All text is plain. */
record Document(String title, List<Block> blocks) {

    sealed interface Block permits Heading, Paragraph, Bullets, Grid, Figure {}

    record Heading(int level, String text) implements Block {}

    record Paragraph(String text) implements Block {}

    record Bullets(List<String> items) implements Block {}

    /**
     * A table.
     *
     * @param numeric for each column, whether it is aligned to the right
     */
    record Grid(List<String> header, List<Boolean> numeric, List<List<String>> rows)
            implements Block {}

    /**
     * A chart.
     *
     * @param path of the files without their extension, relative to the report
     */
    record Figure(String title, String path) implements Block {}
}
