package io.sparktts.harness.bench;

import io.sparktts.backend.DType;
import io.sparktts.reports.schema.RowKey;

import org.jspecify.annotations.Nullable;

import java.util.Locale;

/**
 * One row to be measured.
 *
 * @param kind what
 * @param backend whose
 * @param deviceId on which of its devices
 * @param device its label in tables
 * @param variant of a kernel's operation, or of a model's operations as {@link
 *     io.sparktts.backend.Variants#parse} reads it ({@code default} for each operation's own)
 * @param dtype of tensors and weights
 * @param batch sequences
 * @param sequenceLength rows per sequence, tokens per prompt, or positions in the cache
 * @param shape the sizes, as tables print them
 * @param model {@code tiny}, {@code 0.5b} or a checkpoint's folder: where sizes, and a model's
 *     weights, come from
 * @param modelLabel its name in tables; null for rows of single kernels
 * @param flops floating-point operations of one call
 * @param estimateMillis how long the row will take, start of its process included
 * @param asynchronous whether the device runs beside the host
 * @param skip why it is not run; null if it is
 * @param mode how speech is made; null for all else
 */
public record BenchSpec(
        BenchKind kind,
        String backend,
        String deviceId,
        String device,
        String variant,
        DType dtype,
        int batch,
        int sequenceLength,
        String shape,
        String model,
        @Nullable String modelLabel,
        double flops,
        double estimateMillis,
        boolean asynchronous,
        @Nullable String skip,
        @Nullable SpeechMode mode) {
    /** What identifies the row in result files. */
    public RowKey key() {
        return new RowKey(
                kind.id(),
                backend,
                device,
                variant,
                dtypeLabel(),
                batch,
                sequenceLength,
                shape,
                modelLabel);
    }

    /** TF32 is no storage type, but what it computes must not pass as float32. */
    String dtypeLabel() {
        boolean lower = variant.toLowerCase(Locale.ROOT).contains("tf32");
        return lower && dtype == DType.F32 ? "tf32" : dtype.id();
    }

    /** One line that names the row. */
    public String label() {
        return backend
                + " "
                + device
                + " "
                + kind.id()
                + " "
                + shape
                + " "
                + dtype.id()
                + " "
                + variant
                + (modelLabel == null ? "" : " " + model);
    }

    BenchSpec skipped(String reason) {
        return new BenchSpec(
                kind,
                backend,
                deviceId,
                device,
                variant,
                dtype,
                batch,
                sequenceLength,
                shape,
                model,
                modelLabel,
                flops,
                0,
                asynchronous,
                reason,
                mode);
    }

    /** The same, streamed in a mode. */
    BenchSpec streamed(SpeechMode m) {
        return new BenchSpec(
                kind,
                backend,
                deviceId,
                device,
                variant,
                dtype,
                batch,
                sequenceLength,
                shape + " " + m.label(),
                model,
                modelLabel,
                flops,
                estimateMillis,
                asynchronous,
                skip,
                m);
    }
}
