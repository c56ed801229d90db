package io.sparktts.reports;

/**
 * What a report is to show.
 *
 * @param baseline see {@link Baseline#parse}
 * @param title heading of the report
 */
public record ReportOptions(String baseline, String title) {
    public static ReportOptions defaults() {
        return new ReportOptions(Baseline.NAIVE, "Spark-TTS kernels: speed and error");
    }
}
