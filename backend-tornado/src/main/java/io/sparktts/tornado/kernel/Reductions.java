package io.sparktts.tornado.kernel;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;

/**
 * What all lanes of a work-group have together, to every lane. The size of a group is a power of
 * two, at most {@link #LANES}.
 *
 * <p>The local array of a reduction is its own: where TornadoVM is handed an array by a caller, it
 * takes indices for bytes.
 */
public final class Reductions {
    /** The largest work-group. */
    private static final int LANES = 128;

    private Reductions() {}

    /** The sum of all lanes' values. */
    public static float sum(KernelContext c, int lane, int lanes, float value) {
        float[] partial = c.allocateFloatLocalArray(LANES);
        partial[lane] = value;
        c.localBarrier();
        for (int half = lanes / 2; half > 0; half = half / 2) {
            if (lane < half) {
                partial[lane] += partial[lane + half];
            }
            c.localBarrier();
        }
        float all = partial[0];
        c.localBarrier();
        return all;
    }

    /** The sum of all lanes' values. */
    public static double sum(KernelContext c, int lane, int lanes, double value) {
        double[] partial = c.allocateDoubleLocalArray(LANES);
        partial[lane] = value;
        c.localBarrier();
        for (int half = lanes / 2; half > 0; half = half / 2) {
            if (lane < half) {
                partial[lane] += partial[lane + half];
            }
            c.localBarrier();
        }
        double all = partial[0];
        c.localBarrier();
        return all;
    }

    /** The largest of all lanes' values. */
    public static float max(KernelContext c, int lane, int lanes, float value) {
        float[] partial = c.allocateFloatLocalArray(LANES);
        partial[lane] = value;
        c.localBarrier();
        for (int half = lanes / 2; half > 0; half = half / 2) {
            if (lane < half) {
                partial[lane] = TornadoMath.max(partial[lane], partial[lane + half]);
            }
            c.localBarrier();
        }
        float all = partial[0];
        c.localBarrier();
        return all;
    }
}
