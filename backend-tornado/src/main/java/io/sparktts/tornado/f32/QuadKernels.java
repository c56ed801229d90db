package io.sparktts.tornado.f32;

import static io.sparktts.tornado.kernel.Elements.load;
import static io.sparktts.tornado.kernel.Elements.store;

import io.sparktts.tornado.kernel.Functions;
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

    private static float squares(FloatArray x, int quad) {
        float v0 = load(x, quad, 0);
        float v1 = load(x, quad, 1);
        float v2 = load(x, quad, 2);
        float v3 = load(x, quad, 3);
        return v0 * v0 + v1 * v1 + (v2 * v2 + v3 * v3);
    }

    private static void storeScaled(
            FloatArray out, int o, FloatArray x, int xo, FloatArray weight, int wo, float factor) {
        store(
                out,
                o,
                load(x, xo, 0) * factor * load(weight, wo, 0),
                load(x, xo, 1) * factor * load(weight, wo, 1),
                load(x, xo, 2) * factor * load(weight, wo, 2),
                load(x, xo, 3) * factor * load(weight, wo, 3));
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
            squares += squares(x, xo + i);
        }
        float total = Reductions.sum(c, lane, lanes, squares);
        float factor = 1f / TornadoMath.sqrt(total / (4 * n) + sF32.get(0));
        for (int i = lane % lanes; i < end; i += lanes) {
            storeScaled(out, o + i, x, xo + i, weight, wo + i, factor);
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
            squares += squares(residual, ro + i);
        }
        float total = Reductions.sum(c, lane, lanes, squares);
        float factor = 1f / TornadoMath.sqrt(total / (4 * n) + sF32.get(0));
        for (int i = lane % lanes; i < end; i += lanes) {
            storeScaled(out, o + i, residual, ro + i, weight, wo + i, factor);
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

    /**
     * The {@code i}-th element of {@link #linear} without its bias, 0 past the last; to all lanes.
     */
    private static float product(
            KernelContext c,
            int i,
            int lane,
            int lanes,
            FloatArray x,
            FloatArray weight,
            IntArray p) {
        int in = p.get(1);
        int n = 0;
        if (i < p.get(0) * p.get(2)) {
            n = in;
        }
        int xo = p.get(6) / 4 + i / p.get(2) * in;
        int wo = p.get(7) / 4 + i % p.get(2) * in;
        return Reductions.sum(c, lane, lanes, dot(x, xo, weight, wo, n, lane % lanes, lanes));
    }

    private static float biased(float y, int i, FloatArray biasSingles, IntArray p) {
        float biased = y;
        if (p.get(3) != 0) {
            biased += load(biasSingles, p.get(8) + i % p.get(2));
        }
        return biased;
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
        float y = product(c, i, lane, lanes, x, weight, p);
        if (lane % lanes == 0 && i < p.get(0) * p.get(2)) {
            store(outSingles, p.get(5) + i, biased(y, i, biasSingles, p));
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
        float y = product(c, i, lane, lanes, x, weight, p);
        if (lane % lanes == 0 && i < p.get(0) * p.get(2)) {
            outF32.set(p.get(5) + i, biased(y, i, biasSingles, p));
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
            store(outSingles, p.get(4) + i, Functions.siluMul(gate, up));
        }
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
                    Functions.siluMul(load(gateUp, gate + i, 0), load(gateUp, up + i, 0)),
                    Functions.siluMul(load(gateUp, gate + i, 1), load(gateUp, up + i, 1)),
                    Functions.siluMul(load(gateUp, gate + i, 2), load(gateUp, up + i, 2)),
                    Functions.siluMul(load(gateUp, gate + i, 3), load(gateUp, up + i, 3)));
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
