package io.sparktts.tornado.kernel;

import uk.ac.manchester.tornado.api.types.BFloat16;
import uk.ac.manchester.tornado.api.types.arrays.BFloat16Array;

/** {@link Elements} of bfloat16, whose conversions only the CUDA code generator knows. */
public final class BFloat16Elements {
    private BFloat16Elements() {}

    /** Widens exactly. */
    public static float load(BFloat16Array a, int i) {
        return BFloat16.bf16ToFloat(a.get(i));
    }

    /** Rounds once. */
    public static void store(BFloat16Array a, int i, float v) {
        a.set(i, BFloat16.bf16FromFloat(v));
    }
}
