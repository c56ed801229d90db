package io.sparktts.tornado.kernel;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;

/**
 * What neighbouring lanes of a work-group have together, to each of them: {@code lanes} of them, a
 * power of two, often the whole group of at most {@link #LANES}.
 *
 * <p>The local array of a reduction is its own: where TornadoVM is handed an array by a caller, it
 * takes indices for bytes.
 */
public final class Reductions {
    /** The largest work-group. */
    private static final int LANES = 128;

    private Reductions() {}

    /** The sum of the lanes' values. */
    public static float sum(KernelContext c, int lane, int lanes, float value) {
        float[] partial = c.allocateFloatLocalArray(LANES);
        partial[lane] = value;
        int inside = lane & (lanes - 1);
        c.localBarrier();
        for (int half = lanes / 2; half > 0; half = half / 2) {
            if (inside < half) {
                partial[lane] += partial[lane + half];
            }
            c.localBarrier();
        }
        float all = partial[lane - inside];
        c.localBarrier();
        return all;
    }

    /** The sum of the lanes' values. */
    public static double sum(KernelContext c, int lane, int lanes, double value) {
        double[] partial = c.allocateDoubleLocalArray(LANES);
        partial[lane] = value;
        int inside = lane & (lanes - 1);
        c.localBarrier();
        for (int half = lanes / 2; half > 0; half = half / 2) {
            if (inside < half) {
                partial[lane] += partial[lane + half];
            }
            c.localBarrier();
        }
        double all = partial[lane - inside];
        c.localBarrier();
        return all;
    }

    /** The largest of the lanes' values. */
    public static float max(KernelContext c, int lane, int lanes, float value) {
        float[] partial = c.allocateFloatLocalArray(LANES);
        partial[lane] = value;
        int inside = lane & (lanes - 1);
        c.localBarrier();
        for (int half = lanes / 2; half > 0; half = half / 2) {
            if (inside < half) {
                partial[lane] = TornadoMath.max(partial[lane], partial[lane + half]);
            }
            c.localBarrier();
        }
        float all = partial[lane - inside];
        c.localBarrier();
        return all;
    }
}
