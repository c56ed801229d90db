package io.sparktts.tornado.kernel;

import uk.ac.manchester.tornado.api.types.arrays.HalfFloatArray;
import uk.ac.manchester.tornado.api.types.vectors.Half2;

/** {@link Elements} of float16 that are loaded and stored two at a time where they are quads. */
public final class HalfPairs {
    private HalfPairs() {}

    /** Widens exactly. */
    public static float load(HalfFloatArray a, int i) {
        return Elements.load(a, i);
    }

    /** Rounds once. */
    public static void store(HalfFloatArray a, int i, float v) {
        Elements.store(a, i, v);
    }

    /** Element {@code j} of the {@code quad}-th four; the device's compiler makes a load of two. */
    public static float load(HalfFloatArray a, int quad, int j) {
        Half2 pair = a.getHalf2(4 * quad + (j & 2));
        if ((j & 1) == 0) {
            return Half2.lowFloat(pair);
        }
        return Half2.highFloat(pair);
    }

    /** The {@code quad}-th four. */
    public static void store(HalfFloatArray a, int quad, float v0, float v1, float v2, float v3) {
        a.setHalf2(4 * quad, Half2.fromFloats(v0, v1));
        a.setHalf2(4 * quad + 2, Half2.fromFloats(v2, v3));
    }
}
