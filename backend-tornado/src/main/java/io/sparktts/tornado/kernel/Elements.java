package io.sparktts.tornado.kernel;

import uk.ac.manchester.tornado.api.types.HalfFloat;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.HalfFloatArray;

/** Elements of any dtype as float32: what lets one source serve all dtypes. */
public final class Elements {
    private Elements() {}

    /** Widens exactly. */
    public static float load(FloatArray a, int i) {
        return a.get(i);
    }

    /** Widens exactly. */
    public static float load(HalfFloatArray a, int i) {
        return a.get(i).getFloat32();
    }

    /** Rounds once. */
    public static void store(FloatArray a, int i, float v) {
        a.set(i, v);
    }

    /** Rounds once. */
    public static void store(HalfFloatArray a, int i, float v) {
        a.set(i, new HalfFloat(v));
    }
}
