package io.sparktts.tornado.f32;

import static io.sparktts.tornado.kernel.Elements.load;
import static io.sparktts.tornado.kernel.Elements.store;

import io.sparktts.tornado.kernel.Functions;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** Operations on independent rows. */
public final class RowKernels {
    private RowKernels() {}

    /** p: rows, n; out, x, weight. s: epsilon. Statistics in float32, rounded once. */
    public static void rmsNorm(
            KernelContext c,
            FloatArray out,
            FloatArray x,
            FloatArray weight,
            IntArray p,
            FloatArray sF32) {
        int row = c.globalIdx;
        if (row < p.get(0)) {
            int n = p.get(1);
            int o = p.get(2) + row * n;
            int xo = p.get(3) + row * n;
            int wo = p.get(4);
            float sum = RmsNormSteps.squares(x, xo, n, 0, 1);
            float factor = 1f / TornadoMath.sqrt(sum / n + sF32.get(0));
            RmsNormSteps.scale(out, o, x, xo, weight, wo, n, 0, 1, factor);
        }
    }

    /** p: rows, n; out, residual, x, weight. s: epsilon. The sum is rounded, then normalised. */
    public static void addRmsNorm(
            KernelContext c,
            FloatArray out,
            FloatArray residual,
            FloatArray x,
            FloatArray weight,
            IntArray p,
            FloatArray sF32) {
        int row = c.globalIdx;
        if (row < p.get(0)) {
            int n = p.get(1);
            int o = p.get(2) + row * n;
            int ro = p.get(3) + row * n;
            int xo = p.get(4) + row * n;
            int wo = p.get(5);
            float sum = RmsNormSteps.addAndSquares(residual, ro, x, xo, n, 0, 1);
            float factor = 1f / TornadoMath.sqrt(sum / n + sF32.get(0));
            RmsNormSteps.scale(out, o, residual, ro, weight, wo, n, 0, 1, factor);
        }
    }

    /** p: rows, n; out, x. The exponential is computed twice rather than stored rounded. */
    public static void softmax(KernelContext c, FloatArray out, FloatArray x, IntArray p) {
        int row = c.globalIdx;
        if (row < p.get(0)) {
            int n = p.get(1);
            int o = p.get(2) + row * n;
            int xo = p.get(3) + row * n;
            float max = load(x, xo);
            for (int i = 1; i < n; i++) {
                max = TornadoMath.max(max, load(x, xo + i));
            }
            float sum = 0f;
            for (int i = 0; i < n; i++) {
                sum += TornadoMath.exp(load(x, xo + i) - max);
            }
            float factor = 1f / sum;
            for (int i = 0; i < n; i++) {
                store(out, o + i, TornadoMath.exp(load(x, xo + i) - max) * factor);
            }
        }
    }

    /** p: elements, columns; out, gateUp. A work-item makes one element. */
    public static void siluMul(KernelContext c, FloatArray out, FloatArray gateUp, IntArray p) {
        int i = c.globalIdx;
        if (i < p.get(0)) {
            int n = p.get(1);
            int gate = p.get(3) + i / n * (2 * n) + i % n;
            store(out, p.get(2) + i, Functions.siluMul(load(gateUp, gate), load(gateUp, gate + n)));
        }
    }

    /** p: elements; out, a, b. A work-item makes one element. */
    public static void add(
            KernelContext c, FloatArray out, FloatArray a, FloatArray b, IntArray p) {
        int i = c.globalIdx;
        if (i < p.get(0)) {
            store(out, p.get(1) + i, load(a, p.get(2) + i) + load(b, p.get(3) + i));
        }
    }

    /** p: elements, columns; out, x, bias. A work-item makes one element, rounded once. */
    public static void addBias(
            KernelContext c, FloatArray out, FloatArray xF32, FloatArray bias, IntArray p) {
        int i = c.globalIdx;
        if (i < p.get(0)) {
            float b = load(bias, p.get(4) + i % p.get(1));
            store(out, p.get(2) + i, xF32.get(p.get(3) + i) + b);
        }
    }

    /** As {@link #addBias}, with an output in float32. */
    public static void addBiasWide(
            KernelContext c, FloatArray outF32, FloatArray xF32, FloatArray bias, IntArray p) {
        int i = c.globalIdx;
        if (i < p.get(0)) {
            float b = load(bias, p.get(4) + i % p.get(1));
            outF32.set(p.get(2) + i, xF32.get(p.get(3) + i) + b);
        }
    }

    /** p: rows, n; tokens, x. The first of equals. */
    public static void argmax(KernelContext c, IntArray tokens, FloatArray x, IntArray p) {
        int row = c.globalIdx;
        if (row < p.get(0)) {
            int n = p.get(1);
            int xo = p.get(3) + row * n;
            float max = load(x, xo);
            int best = 0;
            for (int i = 1; i < n; i++) {
                float v = load(x, xo + i);
                if (v > max) {
                    max = v;
                    best = i;
                }
            }
            tokens.set(p.get(2) + row, best);
        }
    }

    /** p: tokens, n; out, ids, table. */
    public static void embedding(
            KernelContext c, FloatArray out, IntArray ids, FloatArray table, IntArray p) {
        int row = c.globalIdx;
        if (row < p.get(0)) {
            int n = p.get(1);
            int o = p.get(2) + row * n;
            int from = p.get(4) + ids.get(p.get(3) + row) * n;
            for (int i = 0; i < n; i++) {
                store(out, o + i, load(table, from + i));
            }
        }
    }

    /** p: batch, n; out, x, tokenOffsets. */
    public static void gatherRows(
            KernelContext c, FloatArray out, FloatArray x, IntArray offsets, IntArray p) {
        int b = c.globalIdx;
        if (b < p.get(0)) {
            int n = p.get(1);
            int o = p.get(2) + b * n;
            int at = p.get(4) + b;
            int end = offsets.get(at + 1);
            if (end > offsets.get(at)) {
                int from = p.get(3) + (end - 1) * n;
                for (int i = 0; i < n; i++) {
                    store(out, o + i, load(x, from + i));
                }
            }
        }
    }
}
