package io.sparktts.reports.schema;

import org.jspecify.annotations.Nullable;

/** Fills a {@link Row} by name. What is not set stays absent; the status starts as PASSED. */
public final class RowBuilder {
    private final String environmentId;
    private final RowKey key;
    private Status status = Status.PASSED;
    private @Nullable String message;
    private @Nullable Double maxAbsDiff;
    private @Nullable Double errorInTolerance;
    private long nonFinite;
    private @Nullable String reference;
    private @Nullable Timing wallTime;
    private @Nullable Timing deviceTime;
    private @Nullable Long bytesPerCall;
    private @Nullable Double flopsPerCall;
    private @Nullable Double gbPerSecond;
    private @Nullable Double tflopPerSecond;
    private @Nullable Double percentOfLimit;
    private @Nullable String limitKind;
    private @Nullable Double coldStartMillis;
    private @Nullable Double allocatedBytesPerCall;
    private @Nullable Double tokensPerSecond;
    private @Nullable Timing coldDeviceTime;
    private @Nullable Integer clockBeforeMegahertz;
    private @Nullable Integer clockAfterMegahertz;
    private @Nullable Integer throttledSamples;
    private @Nullable SpeechTimes speech;

    RowBuilder(String environmentId, RowKey key) {
        this.environmentId = environmentId;
        this.key = key;
    }

    public RowBuilder status(Status value) {
        this.status = value;
        return this;
    }

    public RowBuilder message(@Nullable String value) {
        this.message = value;
        return this;
    }

    /** Ends the row as anything but PASSED, with the reason in one line. */
    public RowBuilder failed(Status status, String reason) {
        return status(status).message(reason);
    }

    public RowBuilder maxAbsDiff(@Nullable Double value) {
        this.maxAbsDiff = value;
        return this;
    }

    public RowBuilder errorInTolerance(@Nullable Double value) {
        this.errorInTolerance = value;
        return this;
    }

    public RowBuilder nonFinite(long value) {
        this.nonFinite = value;
        return this;
    }

    public RowBuilder reference(@Nullable String value) {
        this.reference = value;
        return this;
    }

    public RowBuilder wallTime(@Nullable Timing value) {
        this.wallTime = value;
        return this;
    }

    public RowBuilder deviceTime(@Nullable Timing value) {
        this.deviceTime = value;
        return this;
    }

    public RowBuilder bytesPerCall(@Nullable Long value) {
        this.bytesPerCall = value;
        return this;
    }

    public RowBuilder flopsPerCall(@Nullable Double value) {
        this.flopsPerCall = value;
        return this;
    }

    public RowBuilder gbPerSecond(@Nullable Double value) {
        this.gbPerSecond = value;
        return this;
    }

    public RowBuilder tflopPerSecond(@Nullable Double value) {
        this.tflopPerSecond = value;
        return this;
    }

    public RowBuilder coldStartMillis(@Nullable Double value) {
        this.coldStartMillis = value;
        return this;
    }

    public RowBuilder allocatedBytesPerCall(@Nullable Double value) {
        this.allocatedBytesPerCall = value;
        return this;
    }

    public RowBuilder tokensPerSecond(@Nullable Double value) {
        this.tokensPerSecond = value;
        return this;
    }

    public RowBuilder coldDeviceTime(@Nullable Timing value) {
        this.coldDeviceTime = value;
        return this;
    }

    public RowBuilder clocksMegahertz(@Nullable Integer before, @Nullable Integer after) {
        this.clockBeforeMegahertz = before;
        this.clockAfterMegahertz = after;
        return this;
    }

    public RowBuilder throttledSamples(@Nullable Integer value) {
        this.throttledSamples = value;
        return this;
    }

    public RowBuilder speech(@Nullable SpeechTimes value) {
        this.speech = value;
        return this;
    }

    /**
     * Derives GB/s and TFLOP/s from {@link Row#bytesPerCall}, {@link Row#flopsPerCall} and the
     * median of the device time, or of the wall time where there is none.
     */
    public RowBuilder rates() {
        Timing time = deviceTime != null ? deviceTime : wallTime;
        if (time != null && time.medianNanos() > 0) {
            // bytes per nanosecond are GB/s, and operations per nanosecond are GFLOP/s
            gbPerSecond =
                    bytesPerCall == null ? null : (Double) (bytesPerCall / time.medianNanos());
            tflopPerSecond =
                    flopsPerCall == null
                            ? null
                            : (Double) (flopsPerCall / time.medianNanos() / 1e3);
        }
        return this;
    }

    /** Sets the share of a limit of this kind, in percent. */
    public RowBuilder shareOf(String kind, double percent) {
        percentOfLimit = percent;
        limitKind = kind;
        return this;
    }

    public Row build() {
        return new Row(
                environmentId,
                key.benchmark(),
                key.backend(),
                key.device(),
                key.variant(),
                key.dtype(),
                key.batch(),
                key.sequenceLength(),
                key.shape(),
                key.model(),
                status,
                message,
                maxAbsDiff,
                errorInTolerance,
                nonFinite,
                reference,
                wallTime,
                deviceTime,
                bytesPerCall,
                flopsPerCall,
                gbPerSecond,
                tflopPerSecond,
                percentOfLimit,
                limitKind,
                coldStartMillis,
                allocatedBytesPerCall,
                tokensPerSecond,
                coldDeviceTime,
                clockBeforeMegahertz,
                clockAfterMegahertz,
                throttledSamples,
                speech);
    }
}
