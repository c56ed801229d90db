package io.sparktts.tornado.kernel;

import uk.ac.manchester.tornado.api.types.BFloat16;
import uk.ac.manchester.tornado.api.types.arrays.BFloat16Array;
import uk.ac.manchester.tornado.api.types.arrays.LongArray;

/**
 * {@link Elements} of bfloat16 that are loaded and stored four at a time, as words of 64 bits: the
 * widest access of one instruction that TornadoVM makes.
 */
public final class BFloat16Words {
    private BFloat16Words() {}

    /** Widens exactly. */
    public static float load(BFloat16Array a, int i) {
        return BFloat16Elements.load(a, i);
    }

    /** Rounds once. */
    public static void store(BFloat16Array a, int i, float v) {
        BFloat16Elements.store(a, i, v);
    }

    /** Element {@code j} of the {@code quad}-th four; the device's compiler makes one load of four. */
    public static float load(LongArray a, int quad, int j) {
        return BFloat16.bf16ToFloat((short) (a.get(quad) >> (16 * j)));
    }

    private static long bits(float v) {
        return BFloat16.bf16FromFloat(v) & 0xffffL;
    }

    /** The {@code quad}-th four. */
    public static void store(LongArray a, int quad, float v0, float v1, float v2, float v3) {
        a.set(quad, bits(v0) | bits(v1) << 16 | bits(v2) << 32 | bits(v3) << 48);
    }
}
