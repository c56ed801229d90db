package io.sparktts.reports.schema;

import org.jspecify.annotations.Nullable;

/** What a row measured, without how it went: equal keys are the same measurement taken again. */
public record RowKey(
        String benchmark,
        String backend,
        String device,
        String variant,
        String dtype,
        int batch,
        int sequenceLength,
        String shape,
        @Nullable String model) {}
