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

    /** Element {@code j} of the {@code quad}-th four. */
    public static float load(FloatArray a, int quad, int j) {
        return load(a, 4 * quad + j);
    }

    /** Element {@code j} of the {@code quad}-th four. */
    public static float load(HalfFloatArray a, int quad, int j) {
        return load(a, 4 * quad + j);
    }

    /** The {@code quad}-th four. */
    public static void store(FloatArray a, int quad, float v0, float v1, float v2, float v3) {
        store(a, 4 * quad, v0);
        store(a, 4 * quad + 1, v1);
        store(a, 4 * quad + 2, v2);
        store(a, 4 * quad + 3, v3);
    }

    /** The {@code quad}-th four. */
    public static void store(HalfFloatArray a, int quad, float v0, float v1, float v2, float v3) {
        store(a, 4 * quad, v0);
        store(a, 4 * quad + 1, v1);
        store(a, 4 * quad + 2, v2);
        store(a, 4 * quad + 3, v3);
    }
}
