package io.sparktts.speech;

import io.sparktts.backend.DType;
import io.sparktts.backend.Variants;

import org.jspecify.annotations.Nullable;

/**
 * Where and how a model runs.
 *
 * @param backend name; null for the preferred one that is available in this process
 * @param device id; null for the backend's first
 * @param dtype of the language model; the published program computes in F32
 * @param codecDtype of the codec
 * @param variants of the operations
 */
public record LoadOptions(
        @Nullable String backend,
        @Nullable String device,
        DType dtype,
        DType codecDtype,
        Variants variants) {
    /** The preferred backend, all in F32 as the published program. */
    public static final LoadOptions DEFAULT =
            new LoadOptions(null, null, DType.F32, DType.F32, Variants.DEFAULT);

    /** On another backend. */
    public LoadOptions withBackend(@Nullable String name) {
        return new LoadOptions(name, device, dtype, codecDtype, variants);
    }

    /** On another device. */
    public LoadOptions withDevice(@Nullable String id) {
        return new LoadOptions(backend, id, dtype, codecDtype, variants);
    }

    /** All in another dtype. */
    public LoadOptions withDtype(DType d) {
        return new LoadOptions(backend, device, d, d, variants);
    }

    /** The codec alone in another dtype. */
    public LoadOptions withCodecDtype(DType d) {
        return new LoadOptions(backend, device, dtype, d, variants);
    }

    /** With other variants. */
    public LoadOptions withVariants(Variants v) {
        return new LoadOptions(backend, device, dtype, codecDtype, v);
    }
}
