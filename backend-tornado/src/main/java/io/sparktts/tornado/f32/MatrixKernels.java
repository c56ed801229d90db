package io.sparktts.tornado.f32;

import static io.sparktts.tornado.kernel.Elements.load;
import static io.sparktts.tornado.kernel.Elements.store;

import io.sparktts.tornado.kernel.Functions;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Matrix products, {@code [rows, in]} by {@code [out, in]}: a work-item makes one element of the
 * output, accumulated in float32.
 */
public final class MatrixKernels {
    private MatrixKernels() {}

    private static float dot(FloatArray x, int xo, FloatArray w, int wo, int n) {
        float sum = 0f;
        for (int i = 0; i < n; i++) {
            sum += load(x, xo + i) * load(w, wo + i);
        }
        return sum;
    }

    /** The {@code i}-th element of {@link #linear}. */
    private static float product(
            int i, FloatArray x, FloatArray weight, FloatArray bias, IntArray p) {
        int in = p.get(1);
        int xo = p.get(5) + i / p.get(2) * in;
        int wo = p.get(6) + i % p.get(2) * in;
        return biased(dot(x, xo, weight, wo, in), i, bias, p);
    }

    /** The {@code i}-th element of {@link #linear} from what it is without its bias. */
    static float biased(float y, int i, FloatArray bias, IntArray p) {
        float biased = y;
        if (p.get(3) != 0) {
            biased += load(bias, p.get(7) + i % p.get(2));
        }
        return biased;
    }

    /** p: rows, in, out, biased; out, x, weight, bias. */
    public static void linear(
            KernelContext c,
            FloatArray out,
            FloatArray x,
            FloatArray weight,
            FloatArray bias,
            IntArray p) {
        int i = c.globalIdx;
        if (i < p.get(0) * p.get(2)) {
            store(out, p.get(4) + i, product(i, x, weight, bias, p));
        }
    }

    /** As {@link #linear}, with an output in float32. */
    public static void linearWide(
            KernelContext c,
            FloatArray outF32,
            FloatArray x,
            FloatArray weight,
            FloatArray bias,
            IntArray p) {
        int i = c.globalIdx;
        if (i < p.get(0) * p.get(2)) {
            outF32.set(p.get(4) + i, product(i, x, weight, bias, p));
        }
    }

    /** p: rows, in, intermediate; out, x, weight: gate above up. Nothing between is rounded. */
    public static void swiGlu(
            KernelContext c, FloatArray out, FloatArray x, FloatArray weight, IntArray p) {
        int i = c.globalIdx;
        int in = p.get(1);
        int width = p.get(2);
        if (i < p.get(0) * width) {
            int feature = i % width;
            int xo = p.get(4) + i / width * in;
            float gate = dot(x, xo, weight, p.get(5) + feature * in, in);
            float up = dot(x, xo, weight, p.get(5) + (width + feature) * in, in);
            store(out, p.get(3) + i, Functions.siluMul(gate, up));
        }
    }
}
