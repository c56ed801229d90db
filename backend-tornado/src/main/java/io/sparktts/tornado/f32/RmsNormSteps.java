package io.sparktts.tornado.f32;

import static io.sparktts.tornado.kernel.Elements.load;
import static io.sparktts.tornado.kernel.Elements.store;

import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/**
 * What the kernels of RMSNorm do to a row of {@code n} elements: a work-item takes every {@code
 * lanes}-th of them, beginning with {@code first}.
 */
final class RmsNormSteps {
    private RmsNormSteps() {}

    /** The sum of the squares. */
    static float squares(FloatArray x, int xo, int n, int first, int lanes) {
        float sum = 0f;
        for (int i = first; i < n; i += lanes) {
            float v = load(x, xo + i);
            sum += v * v;
        }
        return sum;
    }

    /** Adds to the residual, and sums the squares of what was stored there. */
    static float addAndSquares(
            FloatArray residual, int ro, FloatArray x, int xo, int n, int first, int lanes) {
        float sum = 0f;
        for (int i = first; i < n; i += lanes) {
            store(residual, ro + i, load(residual, ro + i) + load(x, xo + i));
            float v = load(residual, ro + i);
            sum += v * v;
        }
        return sum;
    }

    /** Multiplies by the factor and the weight. */
    static void scale(
            FloatArray out,
            int o,
            FloatArray x,
            int xo,
            FloatArray weight,
            int wo,
            int n,
            int first,
            int lanes,
            float factor) {
        for (int i = first; i < n; i += lanes) {
            store(out, o + i, load(x, xo + i) * factor * load(weight, wo + i));
        }
    }
}
