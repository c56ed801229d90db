package io.sparktts.tornado.f32;

import static io.sparktts.tornado.kernel.Elements.load;
import static io.sparktts.tornado.kernel.Elements.store;

import io.sparktts.tornado.kernel.KernelCode;
import io.sparktts.tornado.kernel.KernelSet;
import io.sparktts.tornado.kernel.Reductions;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Kernels for GPUs whose lanes take four neighbours at a time, a quad: short elements then fill the
 * memory's bus as float32 do. Widths count quads, and tensors begin at whole ones; arrays named
 * Singles are taken by elements all the same.
 *
 * <p>A group makes several rows, or several features of a row, each with {@code lanes} of its own.
 */
public final class QuadKernels {
    private QuadKernels() {}

    /** All of them. */
    public static KernelSet.QuadSet set() {
        Class<?> here = QuadKernels.class;
        Class<?> attention = QuadAttentionKernels.class;
        return new KernelSet.QuadSet(
                KernelCode.ofGroups(here, "rmsNorm", QuadKernels::rmsNorm),
                KernelCode.ofGroups(here, "addRmsNorm", QuadKernels::addRmsNorm),
                KernelCode.ofGroups(here, "linear", QuadKernels::linear),
                KernelCode.ofGroups(here, "linearWide", QuadKernels::linearWide),
                KernelCode.ofGroups(here, "swiGlu", QuadKernels::swiGlu),
                KernelCode.ofGroups(here, "siluMul", QuadKernels::siluMul),
                KernelCode.of(here, "addBias", QuadKernels::addBias),
                KernelCode.ofGroups(
                        attention, "attentionPart", QuadAttentionKernels::attentionPart),
                KernelCode.of(attention, "attentionMerge", QuadAttentionKernels::attentionMerge),
                QuadPromptKernels.set());
    }

    /** p: rows, n, lanes of a row; out, x, weight. s: epsilon. */
    public static void rmsNorm(
            KernelContext c,
            FloatArray out,
            FloatArray x,
            FloatArray weight,
            IntArray p,
            FloatArray sF32) {
        int lane = c.localIdx;
        int lanes = p.get(2);
        int row = c.globalIdx / lanes;
        int n = p.get(1);
        int o = p.get(3) / 4 + row * n;
        int xo = p.get(4) / 4 + row * n;
        int wo = p.get(5) / 4;
        int end = 0;
        if (row < p.get(0)) {
            end = n;
        }
        float squares = 0f;
        for (int i = lane % lanes; i < end; i += lanes) {
            float v0 = load(x, xo + i, 0);
            float v1 = load(x, xo + i, 1);
            float v2 = load(x, xo + i, 2);
            float v3 = load(x, xo + i, 3);
            squares += v0 * v0 + v1 * v1 + (v2 * v2 + v3 * v3);
        }
        float total = Reductions.sum(c, lane, lanes, squares);
        float factor = 1f / TornadoMath.sqrt(total / (4 * n) + sF32.get(0));
        for (int i = lane % lanes; i < end; i += lanes) {
            store(
                    out,
                    o + i,
                    load(x, xo + i, 0) * factor * load(weight, wo + i, 0),
                    load(x, xo + i, 1) * factor * load(weight, wo + i, 1),
                    load(x, xo + i, 2) * factor * load(weight, wo + i, 2),
                    load(x, xo + i, 3) * factor * load(weight, wo + i, 3));
        }
    }

    /** p: rows, n, lanes of a row; out, residual, x, weight. s: epsilon. */
    public static void addRmsNorm(
            KernelContext c,
            FloatArray out,
            FloatArray residual,
            FloatArray x,
            FloatArray weight,
            IntArray p,
            FloatArray sF32) {
        int lane = c.localIdx;
        int lanes = p.get(2);
        int row = c.globalIdx / lanes;
        int n = p.get(1);
        int o = p.get(3) / 4 + row * n;
        int ro = p.get(4) / 4 + row * n;
        int xo = p.get(5) / 4 + row * n;
        int wo = p.get(6) / 4;
        int end = 0;
        if (row < p.get(0)) {
            end = n;
        }
        float squares = 0f;
        for (int i = lane % lanes; i < end; i += lanes) {
            store(
                    residual,
                    ro + i,
                    load(residual, ro + i, 0) + load(x, xo + i, 0),
                    load(residual, ro + i, 1) + load(x, xo + i, 1),
                    load(residual, ro + i, 2) + load(x, xo + i, 2),
                    load(residual, ro + i, 3) + load(x, xo + i, 3));
            float v0 = load(residual, ro + i, 0);
            float v1 = load(residual, ro + i, 1);
            float v2 = load(residual, ro + i, 2);
            float v3 = load(residual, ro + i, 3);
            squares += v0 * v0 + v1 * v1 + (v2 * v2 + v3 * v3);
        }
        float total = Reductions.sum(c, lane, lanes, squares);
        float factor = 1f / TornadoMath.sqrt(total / (4 * n) + sF32.get(0));
        for (int i = lane % lanes; i < end; i += lanes) {
            store(
                    out,
                    o + i,
                    load(residual, ro + i, 0) * factor * load(weight, wo + i, 0),
                    load(residual, ro + i, 1) * factor * load(weight, wo + i, 1),
                    load(residual, ro + i, 2) * factor * load(weight, wo + i, 2),
                    load(residual, ro + i, 3) * factor * load(weight, wo + i, 3));
        }
    }

    /** A lane's part of a dot product of {@code n} quads. */
    private static float dot(
            FloatArray x, int xo, FloatArray w, int wo, int n, int first, int lanes) {
        float even = 0f;
        float odd = 0f;
        for (int i = first; i < n; i += lanes) {
            even += load(x, xo + i, 0) * load(w, wo + i, 0);
            odd += load(x, xo + i, 1) * load(w, wo + i, 1);
            even += load(x, xo + i, 2) * load(w, wo + i, 2);
            odd += load(x, xo + i, 3) * load(w, wo + i, 3);
        }
        return even + odd;
    }

    /** p: rows, in, features, whether biased, lanes of a feature; out, x, weight, bias. */
    public static void linear(
            KernelContext c,
            FloatArray outSingles,
            FloatArray x,
            FloatArray weight,
            FloatArray biasSingles,
            IntArray p) {
        int lane = c.localIdx;
        int lanes = p.get(4);
        int i = c.globalIdx / lanes;
        int in = p.get(1);
        int n = 0;
        if (i < p.get(0) * p.get(2)) {
            n = in;
        }
        int feature = i % p.get(2);
        int xo = p.get(6) / 4 + i / p.get(2) * in;
        float part = dot(x, xo, weight, p.get(7) / 4 + feature * in, n, lane % lanes, lanes);
        float y = Reductions.sum(c, lane, lanes, part);
        if (lane % lanes == 0 && n > 0) {
            if (p.get(3) != 0) {
                y += load(biasSingles, p.get(8) + feature);
            }
            store(outSingles, p.get(5) + i, y);
        }
    }

    /** As {@link #linear}, with a result of float32. */
    public static void linearWide(
            KernelContext c,
            FloatArray outF32,
            FloatArray x,
            FloatArray weight,
            FloatArray biasSingles,
            IntArray p) {
        int lane = c.localIdx;
        int lanes = p.get(4);
        int i = c.globalIdx / lanes;
        int in = p.get(1);
        int n = 0;
        if (i < p.get(0) * p.get(2)) {
            n = in;
        }
        int feature = i % p.get(2);
        int xo = p.get(6) / 4 + i / p.get(2) * in;
        float part = dot(x, xo, weight, p.get(7) / 4 + feature * in, n, lane % lanes, lanes);
        float y = Reductions.sum(c, lane, lanes, part);
        if (lane % lanes == 0 && n > 0) {
            if (p.get(3) != 0) {
                y += load(biasSingles, p.get(8) + feature);
            }
            outF32.set(p.get(5) + i, y);
        }
    }

    /** p: rows, in, features, lanes of a feature; out, x, weight. */
    public static void swiGlu(
            KernelContext c, FloatArray outSingles, FloatArray x, FloatArray weight, IntArray p) {
        int lane = c.localIdx;
        int lanes = p.get(3);
        int i = c.globalIdx / lanes;
        int in = p.get(1);
        int width = p.get(2);
        int n = 0;
        if (i < p.get(0) * width) {
            n = in;
        }
        int feature = i % width;
        int xo = p.get(5) / 4 + i / width * in;
        int gateRow = p.get(6) / 4 + feature * in;
        float gatePart = dot(x, xo, weight, gateRow, n, lane % lanes, lanes);
        float upPart = dot(x, xo, weight, gateRow + width * in, n, lane % lanes, lanes);
        float gate = Reductions.sum(c, lane, lanes, gatePart);
        float up = Reductions.sum(c, lane, lanes, upPart);
        if (lane % lanes == 0 && n > 0) {
            store(outSingles, p.get(4) + i, gated(gate, up));
        }
    }

    private static float gated(float gate, float up) {
        return gate / (1f + TornadoMath.exp(-gate)) * up;
    }

    /**
     * A group makes a part of a row, so that no element asks where its row begins.
     *
     * <p>p: parts of a row, quads of a part, n; out, gateUp.
     */
    public static void siluMul(KernelContext c, FloatArray out, FloatArray gateUp, IntArray p) {
        int parts = p.get(0);
        int n = p.get(2);
        int row = c.groupIdx / parts;
        int first = c.groupIdx % parts * p.get(1);
        int end = Math.min(n, first + p.get(1));
        int o = p.get(3) / 4 + row * n;
        int gate = p.get(4) / 4 + row * 2 * n;
        int up = gate + n;
        for (int i = first + c.localIdx; i < end; i += c.localGroupSizeX) {
            store(
                    out,
                    o + i,
                    gated(load(gateUp, gate + i, 0), load(gateUp, up + i, 0)),
                    gated(load(gateUp, gate + i, 1), load(gateUp, up + i, 1)),
                    gated(load(gateUp, gate + i, 2), load(gateUp, up + i, 2)),
                    gated(load(gateUp, gate + i, 3), load(gateUp, up + i, 3)));
        }
    }

    /** p: quads, n; out, x, bias. A work-item makes a quad. */
    public static void addBias(
            KernelContext c, FloatArray out, FloatArray xF32, FloatArray bias, IntArray p) {
        int i = c.globalIdx;
        if (i < p.get(0)) {
            int x = p.get(3) + 4 * i;
            int b = p.get(4) / 4 + i % p.get(1);
            store(
                    out,
                    p.get(2) / 4 + i,
                    xF32.get(x) + load(bias, b, 0),
                    xF32.get(x + 1) + load(bias, b, 1),
                    xF32.get(x + 2) + load(bias, b, 2),
                    xF32.get(x + 3) + load(bias, b, 3));
        }
    }
}
