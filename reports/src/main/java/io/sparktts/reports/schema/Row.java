package io.sparktts.reports.schema;

import org.jspecify.annotations.Nullable;

import java.util.Objects;

/**
 * One measurement: what ran, whether it was right, and, only if it was, how fast.
 *
 * @param environmentId {@link Environment#id()} of the machine and software it ran on
 * @param benchmark {@code rmsnorm}, {@code mlp}, {@code attention}, {@code forward}, {@code
 *     decode}, ...
 * @param device what the backend ran on, such as {@code NVIDIA H200} or {@code cpu}
 * @param variant name of the implementation inside the backend, {@code naive} for the plain one
 * @param dtype label of the numbers that were really used ({@code f32}, {@code tf32}, {@code bf16},
 *     ...)
 * @param shape sizes joined by {@code x}, such as {@code 1x512x896}
 * @param model checkpoint name, for rows that run a model
 * @param message why the row did not pass, one line
 * @param maxAbsDiff largest absolute difference from {@code reference}
 * @param errorInTolerance error divided by the tolerance; at most 1 for a passed row
 * @param nonFinite how many NaN or infinite outputs there were where the reference has none
 * @param reference what the error is against, such as {@code oracle float64}
 * @param wallTime host clock around launch and synchronise
 * @param deviceTime device clock; absent where the backend has none. Kernels on a GPU: a replay of
 *     20 recorded calls (fewer where one takes long) over their number, caches warm
 * @param coldDeviceTime device clock around a single recorded call after the caches were
 *     overwritten
 * @param percentOfLimit share of this machine's limit of kind {@code limitKind}, which was measured
 *     before and after each round of calls: the median over the rounds
 * @param coldStartMillis first call in a fresh process, compilation included
 * @param clockBeforeMegahertz the device's clock before the timed calls
 * @param clockAfterMegahertz and after them
 * @param throttledSamples left out because the clock had fallen below 75 % of the highest one seen
 * @param speech the stages of an utterance; for rows that speak
 */
public record Row(
        String environmentId,
        String benchmark,
        String backend,
        String device,
        String variant,
        String dtype,
        int batch,
        int sequenceLength,
        String shape,
        @Nullable String model,
        Status status,
        @Nullable String message,
        @Nullable Double maxAbsDiff,
        @Nullable Double errorInTolerance,
        long nonFinite,
        @Nullable String reference,
        @Nullable Timing wallTime,
        @Nullable Timing deviceTime,
        @Nullable Long bytesPerCall,
        @Nullable Double flopsPerCall,
        @Nullable Double gbPerSecond,
        @Nullable Double tflopPerSecond,
        @Nullable Double percentOfLimit,
        @Nullable String limitKind,
        @Nullable Double coldStartMillis,
        @Nullable Double allocatedBytesPerCall,
        @Nullable Double tokensPerSecond,
        @Nullable Timing coldDeviceTime,
        @Nullable Integer clockBeforeMegahertz,
        @Nullable Integer clockAfterMegahertz,
        @Nullable Integer throttledSamples,
        @Nullable SpeechTimes speech)
        implements ResultLine {

    /** Takes every speed away from a row that did not pass: a wrong answer has no speed. */
    public Row {
        require(environmentId, "environmentId");
        require(benchmark, "benchmark");
        require(backend, "backend");
        require(device, "device");
        require(variant, "variant");
        require(dtype, "dtype");
        require(shape, "shape");
        require(status, "status");
        if (status != Status.PASSED) {
            wallTime = null;
            deviceTime = null;
            gbPerSecond = null;
            tflopPerSecond = null;
            percentOfLimit = null;
            coldStartMillis = null;
            tokensPerSecond = null;
            coldDeviceTime = null;
            speech = null;
        }
    }

    private static void require(@Nullable Object value, String name) {
        Objects.requireNonNull(value, () -> "a row needs \"" + name + "\"");
    }

    public RowKey key() {
        return new RowKey(
                benchmark, backend, device, variant, dtype, batch, sequenceLength, shape, model);
    }

    public boolean passed() {
        return status == Status.PASSED;
    }

    /** The device's time where there is one, else the wall's: the first leaves the launch out. */
    public @Nullable Timing time() {
        return deviceTime != null ? deviceTime : wallTime;
    }

    /** Which clock {@link #time()} reads: {@code device}, {@code wall} or {@code -}. */
    public String clock() {
        return deviceTime != null ? "device" : wallTime != null ? "wall" : "-";
    }

    /** Starts a row; the rest is set by name, since most figures are absent in most rows. */
    public static RowBuilder builder(String environmentId, RowKey key) {
        return new RowBuilder(environmentId, key);
    }
}
