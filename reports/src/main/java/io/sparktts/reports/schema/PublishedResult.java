package io.sparktts.reports.schema;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;

/**
 * A number that somebody else published, shown beside rows of the same configuration. The resource
 * file names the source; nothing in it was measured here.
 *
 * @param model part of the model's name that a row must carry, empty for single kernels
 * @param baseline what the publisher compared with
 * @param speedup as printed by the publisher, not recomputed
 */
public record PublishedResult(
        String benchmark,
        String model,
        String shape,
        String dtype,
        String baseline,
        String candidate,
        double baselineMillis,
        double candidateMillis,
        double speedup,
        @Nullable Double maxAbsDiff) {

    private static final String RESOURCE = "published-seed.csv";
    private static final int COLUMNS = 10;

    /** The published tables of the project that this one set out to reproduce. */
    public static List<PublishedResult> seed() {
        try (InputStream in = PublishedResult.class.getResourceAsStream(RESOURCE)) {
            if (in == null) {
                throw new IllegalStateException(RESOURCE + " is missing from the jar");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .filter(line -> !line.startsWith("#"))
                    .skip(1) // the column names
                    .map(PublishedResult::parse)
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Whether a row measured the published configuration, whatever it ran on. */
    public boolean matches(Row row) {
        return benchmark.equals(row.benchmark())
                && dtype.equalsIgnoreCase(row.dtype())
                && sameModel(row.model())
                && sameShape(row.shape());
    }

    private boolean sameModel(@Nullable String rowModel) {
        return model.isEmpty()
                || (rowModel != null
                        && rowModel.toLowerCase(Locale.ROOT)
                                .contains(model.toLowerCase(Locale.ROOT)));
    }

    /** Shapes are equal as far as both go: a row may leave out the inner width, or add one. */
    private boolean sameShape(String rowShape) {
        String published = shape + "x";
        String measured = rowShape + "x";
        // batch and length at least, so that "1" alone matches nothing
        return rowShape.indexOf('x') > 0
                && (published.startsWith(measured) || measured.startsWith(published));
    }

    private static PublishedResult parse(String line) {
        List<String> cells = List.of(line.split(",", -1));
        if (cells.size() != COLUMNS) {
            throw new IllegalStateException(RESOURCE + ": not " + COLUMNS + " cells: " + line);
        }
        return new PublishedResult(
                cells.get(0),
                cells.get(1),
                cells.get(2),
                cells.get(3),
                cells.get(4),
                cells.get(5),
                Double.parseDouble(cells.get(6)),
                Double.parseDouble(cells.get(7)),
                Double.parseDouble(cells.get(8)),
                cells.get(9).isEmpty() ? null : (Double) Double.parseDouble(cells.get(9)));
    }
}
