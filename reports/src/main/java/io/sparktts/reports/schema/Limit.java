package io.sparktts.reports.schema;

/**
 * What this machine was measured to do at best, by a probe written as one of the backend's own
 * kernels.
 *
 * @param backend whose kernel the probe is
 * @param kind {@code read}, {@code copy}, {@code scale} (memory) or {@code fma} (arithmetic)
 * @param dtype label of the data the probe ran on
 * @param value the measured figure in {@code unit}
 * @param unit {@code GB/s} (10^9 bytes per second) or {@code GFLOP/s}
 */
public record Limit(String backend, String kind, String dtype, double value, String unit) {
    public static final String GB_PER_SECOND = "GB/s";
    public static final String GFLOP_PER_SECOND = "GFLOP/s";
}
