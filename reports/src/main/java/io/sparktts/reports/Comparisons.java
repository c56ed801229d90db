package io.sparktts.reports;

import io.sparktts.reports.schema.Environment;
import io.sparktts.reports.schema.PublishedResult;
import io.sparktts.reports.schema.ResultFile;
import io.sparktts.reports.schema.Row;
import io.sparktts.reports.schema.Timing;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;

/** Finds both baselines of every row, and the rows that stand for a backend's best. */
final class Comparisons {

    /** What two rows must have in common to be compared. */
    private record Configuration(
            String benchmark,
            String dtype,
            int batch,
            int sequenceLength,
            String shape,
            @Nullable String model) {
        static Configuration of(Row row) {
            return new Configuration(
                    row.benchmark(),
                    row.dtype(),
                    row.batch(),
                    row.sequenceLength(),
                    row.shape(),
                    row.model());
        }
    }

    private record Contest(
            Configuration configuration, String environmentId, String backend, String device) {}

    /** Orders dtype labels as the published tables do: f32, tf32, f16, bf16. */
    static final Comparator<String> WIDE_FIRST =
            Comparator.comparingInt(Comparisons::bits)
                    .reversed()
                    .thenComparingInt(String::length)
                    .thenComparing(Comparator.naturalOrder());

    /** The order of rows in tables. */
    static final Comparator<Row> BY_CONFIGURATION =
            Comparator.comparing(Row::benchmark)
                    .thenComparing(row -> row.model() == null ? "" : row.model())
                    .thenComparingInt(Row::batch)
                    .thenComparingInt(Row::sequenceLength)
                    .thenComparing(Row::shape)
                    .thenComparing(Row::dtype, WIDE_FIRST)
                    .thenComparing(Row::backend)
                    .thenComparing(Row::device);

    /** What an environment of our own names as its tool. */
    static final String OURS = "sparktts";

    private static final Pattern NUMBER = Pattern.compile(" #\\d+$");

    private Comparisons() {}

    private static int bits(String dtype) {
        String digits = dtype.replaceAll("\\D", "");
        return digits.isEmpty() || digits.length() > 4 ? 0 : Integer.parseInt(digits);
    }

    /**
     * One comparison per row that is not a baseline, and per baseline that nothing is compared
     * with. Rows measured on different machines never meet.
     */
    static List<Comparison> of(ResultFile results, Baseline baseline) {
        Map<Configuration, List<Row>> groups = new LinkedHashMap<>();
        for (Row row : results.rows().stream().sorted(BY_CONFIGURATION).toList()) {
            groups.computeIfAbsent(Configuration.of(row), key -> new ArrayList<>()).add(row);
        }
        List<PublishedResult> all = PublishedResult.seed();
        List<Comparison> comparisons = new ArrayList<>();
        for (List<Row> group : groups.values()) {
            List<Row> used = new ArrayList<>();
            List<Comparison> alone = new ArrayList<>();
            for (Row row : group) {
                Environment environment = results.environmentOf(row);
                List<Row> peers =
                        group.stream()
                                .filter(r -> environment.comparableTo(results.environmentOf(r)))
                                .toList();
                Row reference = baseline.isBaseline(row) ? row : baselineOf(row, peers, baseline);
                Comparison comparison =
                        new Comparison(
                                row,
                                environment,
                                reference,
                                fastest(peers),
                                bestPeer(row, environment, peers, results),
                                published(row, all));
                if (baseline.isBaseline(row)) {
                    alone.add(comparison);
                } else {
                    comparisons.add(comparison);
                    if (reference != null) {
                        used.add(reference);
                    }
                }
            }
            alone.removeIf(comparison -> used.contains(comparison.row()));
            comparisons.addAll(alone);
        }
        return comparisons;
    }

    /**
     * What others published; their figure is for all optimisations, so none stands by an ablation.
     */
    private static List<PublishedResult> published(Row row, List<PublishedResult> all) {
        return Comparison.isAblation(row)
                ? List.of()
                : all.stream().filter(result -> result.matches(row)).toList();
    }

    /** The baseline of the same run where there is one, else of a comparable run. */
    private static @Nullable Row baselineOf(Row row, List<Row> peers, Baseline baseline) {
        return peers.stream()
                .filter(peer -> baseline.serves(peer, row))
                .min(
                        Comparator.comparing(
                                peer -> !peer.environmentId().equals(row.environmentId())))
                .orElse(null);
    }

    /** What other tools reach on the same device; a peer itself has none. */
    private static @Nullable Row bestPeer(
            Row row, Environment environment, List<Row> comparable, ResultFile results) {
        List<Row> peers =
                comparable.stream()
                        .filter(r -> sameDevice(r, row))
                        .filter(
                                r -> {
                                    String tool = results.environmentOf(r).tool();
                                    return !tool.equals(environment.tool()) && !tool.equals(OURS);
                                })
                        .toList();
        return fastest(peers);
    }

    /** Tools may number the devices of a machine or not. */
    private static boolean sameDevice(Row a, Row b) {
        return NUMBER.matcher(a.device())
                .replaceFirst("")
                .equals(NUMBER.matcher(b.device()).replaceFirst(""));
    }

    private static @Nullable Row fastest(List<Row> peers) {
        List<Row> passed = peers.stream().filter(row -> row.time() != null).toList();
        // one clock for all: a device time would beat a wall time by leaving the launch out
        boolean onDevice = passed.stream().allMatch(row -> row.deviceTime() != null);
        return passed.stream()
                .filter(row -> onDevice || row.wallTime() != null)
                .min(Comparator.comparingDouble(row -> nanos(row, onDevice)))
                .orElse(null);
    }

    private static double nanos(Row row, boolean onDevice) {
        Timing time = onDevice ? row.deviceTime() : row.wallTime();
        return time == null ? Double.POSITIVE_INFINITY : time.medianNanos();
    }

    /**
     * The optimised row of each backend, device and configuration: the fastest that is neither the
     * baseline nor an ablation.
     */
    static List<Comparison> optimised(List<Comparison> comparisons) {
        Map<Contest, Comparison> best = new LinkedHashMap<>();
        for (Comparison comparison : comparisons) {
            Row row = comparison.row();
            if (comparison.millis() == null
                    || comparison.isBaselineAlone()
                    || comparison.isAblation()) {
                continue;
            }
            Contest contest =
                    new Contest(
                            Configuration.of(row),
                            row.environmentId(),
                            row.backend(),
                            row.device());
            best.merge(contest, comparison, Comparisons::faster);
        }
        return List.copyOf(best.values());
    }

    private static Comparison faster(Comparison first, Comparison second) {
        Double a = first.millis();
        Double b = second.millis();
        return a == null || (b != null && b < a) ? second : first;
    }

    /** A name per environment: A, B, ... in the order of the files. */
    static Map<String, String> letters(List<Environment> environments) {
        Map<String, String> letters = new TreeMap<>();
        for (Environment environment : environments) {
            int n = letters.size();
            letters.putIfAbsent(
                    environment.id(), n < 26 ? String.valueOf((char) ('A' + n)) : environment.id());
        }
        return letters;
    }
}
