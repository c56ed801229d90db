package io.sparktts.reports;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;

/**
 * Prints a document as one HTML file that needs nothing beside it: the style is inline and the
 * charts are embedded.
 */
final class HtmlWriter {
    private static final String STYLE =
            """
            :root { color-scheme: light dark; --text: #1b1f24; --page: #ffffff; --line: #d0d7de;
              --shade: #f4f6f8; --muted: #57606a; }
            @media (prefers-color-scheme: dark) {
              :root { --text: #e6edf3; --page: #11151a; --line: #353c45; --shade: #1a2027;
                --muted: #9aa5b1; } }
            body { font: 15px/1.5 system-ui, sans-serif; color: var(--text); background: var(--page);
              max-width: 1200px; margin: 2rem auto; padding: 0 1rem; }
            h1 { font-size: 1.7rem; } h2 { margin-top: 2.5rem; border-bottom: 1px solid var(--line); }
            .scroll { overflow-x: auto; }
            table { border-collapse: collapse; font-size: 13px; }
            th, td { padding: .3rem .6rem; border: 1px solid var(--line); text-align: left;
              vertical-align: top; }
            th { background: var(--shade); }
            td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
            td.number { white-space: nowrap; }
            figure { margin: 1.5rem 0; }
            figcaption { color: var(--muted); font-size: 13px; }
            /* the charts are drawn on white, so they keep a white card in the dark */
            img { width: 900px; max-width: 100%; background: #fff; border-radius: 6px; }
            """;

    private final StringBuilder out = new StringBuilder();
    private final Path folder;

    private HtmlWriter(Path folder) {
        this.folder = folder;
    }

    /**
     * Prints the document.
     *
     * @param folder where the figures' SVG files are
     */
    static String write(Document document, Path folder) throws IOException {
        HtmlWriter writer = new HtmlWriter(folder);
        String title = escape(document.title());
        writer.out
                .append("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n")
                .append("<meta name=\"viewport\" content=\"width=device-width\">\n<title>")
                .append(title)
                .append("</title>\n<style>\n")
                .append(STYLE)
                .append("</style>\n</head>\n<body>\n<h1>")
                .append(title)
                .append("</h1>\n");
        for (Document.Block block : document.blocks()) {
            writer.write(block);
        }
        return writer.out.append("</body>\n</html>\n").toString();
    }

    private void write(Document.Block block) throws IOException {
        switch (block) {
            case Document.Heading(int level, String text) -> element("h" + level, text);
            case Document.Paragraph(String text) -> element("p", text);
            case Document.Bullets(List<String> items) -> {
                out.append("<ul>\n");
                items.forEach(item -> element("li", item));
                out.append("</ul>\n");
            }
            case Document.Grid grid -> write(grid);
            case Document.Figure figure -> write(figure);
        }
    }

    private void write(Document.Grid grid) {
        out.append("<div class=\"scroll\"><table>\n<thead>");
        line("th", grid.header(), grid.numeric());
        out.append("</thead>\n<tbody>\n");
        grid.rows().forEach(row -> line("td", row, grid.numeric()));
        out.append("</tbody>\n</table></div>\n");
    }

    private void line(String tag, List<String> cells, List<Boolean> numeric) {
        out.append("<tr>");
        for (int i = 0; i < cells.size(); i++) {
            out.append('<').append(tag).append(numeric.get(i) ? " class=\"number\">" : ">");
            out.append(escape(cells.get(i))).append("</").append(tag).append('>');
        }
        out.append("</tr>\n");
    }

    private void write(Document.Figure figure) throws IOException {
        // an image and not inline markup: ids inside the charts would collide in one page
        byte[] svg = Files.readAllBytes(folder.resolve(figure.path() + ".svg"));
        String title = escape(figure.title());
        out.append("<figure><img alt=\"%s\" src=\"data:image/svg+xml;base64,".formatted(title))
                .append(Base64.getEncoder().encodeToString(svg))
                .append("\">\n<figcaption>")
                .append(title)
                .append("</figcaption></figure>\n");
    }

    private void element(String tag, String text) {
        out.append("<%s>%s</%s>\n".formatted(tag, escape(text), tag));
    }

    static String escape(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;")
                .replace("'", "&#39;");
    }
}
