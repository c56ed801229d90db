package io.sparktts.checkpoint;

import io.sparktts.backend.DType;

import org.jspecify.annotations.Nullable;

import java.util.Arrays;

/** Element types of files, by their names in safetensors. */
enum StoredType {
    F64(8, DType.F64),
    F32(4, DType.F32),
    F16(2, DType.F16),
    BF16(2, DType.BF16),
    I64(8, null),
    I32(4, DType.I32),
    I16(2, null),
    I8(1, null),
    U8(1, null),
    BOOL(1, null);

    private final int bytes;
    private final @Nullable DType dtype;

    StoredType(int bytes, @Nullable DType dtype) {
        this.bytes = bytes;
        this.dtype = dtype;
    }

    /** Size of an element in bytes. */
    int bytes() {
        return bytes;
    }

    /** What it is in memory; null if nothing computes in it. */
    @Nullable DType dtype() {
        return dtype;
    }

    static @Nullable StoredType of(String text) {
        return Arrays.stream(values()).filter(t -> t.name().equals(text)).findFirst().orElse(null);
    }
}
