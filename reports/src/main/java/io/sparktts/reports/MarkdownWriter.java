package io.sparktts.reports;

import java.util.List;

/** Prints a document as GitHub's Markdown, with charts as links to their PNG files. */
final class MarkdownWriter {
    private final StringBuilder out = new StringBuilder();

    private MarkdownWriter() {}

    static String write(Document document) {
        MarkdownWriter writer = new MarkdownWriter();
        writer.out.append("# ").append(escape(document.title())).append("\n");
        for (Document.Block block : document.blocks()) {
            writer.out.append('\n');
            writer.write(block);
        }
        return writer.out.toString();
    }

    private void write(Document.Block block) {
        switch (block) {
            case Document.Heading(int level, String text) ->
                    out.append("#".repeat(level)).append(' ').append(escape(text)).append('\n');
            case Document.Paragraph(String text) -> out.append(escape(text)).append('\n');
            case Document.Bullets(List<String> items) ->
                    items.forEach(item -> out.append("- ").append(escape(item)).append('\n'));
            case Document.Grid grid -> write(grid);
            case Document.Figure(String title, String path) ->
                    out.append("![%s](%s.png)\n".formatted(escape(title), path));
        }
    }

    private void write(Document.Grid grid) {
        line(grid.header());
        line(grid.numeric().stream().map(right -> right ? "---:" : "---").toList(), false);
        grid.rows().forEach(this::line);
    }

    private void line(List<String> cells) {
        line(cells, true);
    }

    private void line(List<String> cells, boolean escaped) {
        for (String cell : cells) {
            out.append("| ").append(escaped ? escape(cell) : cell).append(' ');
        }
        out.append("|\n");
    }

    /** Keeps text from being read as markup, and a cell on its line. */
    static String escape(String text) {
        return text.replace("\\", "\\\\")
                .replace("|", "\\|")
                .replace("*", "\\*")
                .replace("`", "\\`")
                .replace("[", "\\[")
                .replace("&", "&amp;")
                .replace("<", "&lt;")
                .replaceAll("(?<!\\w)_|_(?!\\w)", "\\\\_") // inside a word it is no markup
                .replaceAll("\\s+", " ");
    }
}
