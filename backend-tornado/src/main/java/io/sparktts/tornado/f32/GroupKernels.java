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
 * Kernels for GPUs, where a work-group makes one row, or one element of a matrix product: its lanes
 * read neighbours, and sums meet in local memory. A row never leaves its group, since nothing
 * orders groups. Sizes and offsets are those of the kernels of the same names in {@link
 * RowKernels}, {@link MatrixKernels} and {@link CodecKernels}.
 */
public final class GroupKernels {
    private GroupKernels() {}

    /** All of them. */
    public static KernelSet.GroupSet set() {
        Class<?> here = GroupKernels.class;
        return new KernelSet.GroupSet(
                KernelCode.ofGroups(here, "rmsNorm", GroupKernels::rmsNorm),
                KernelCode.ofGroups(here, "addRmsNorm", GroupKernels::addRmsNorm),
                KernelCode.ofGroups(here, "softmax", GroupKernels::softmax),
                KernelCode.ofGroups(here, "linear", GroupKernels::linear),
                KernelCode.ofGroups(here, "linearWide", GroupKernels::linearWide),
                KernelCode.ofGroups(here, "swiGlu", GroupKernels::swiGlu),
                KernelCode.ofGroups(here, "siluMul", GroupKernels::siluMul),
                KernelCode.ofGroups(here, "layerNorm", GroupKernels::layerNorm),
                GroupSequenceKernels.set(),
                GroupSamplingKernels.set());
    }

    public static void rmsNorm(
            KernelContext c,
            FloatArray out,
            FloatArray x,
            FloatArray weight,
            IntArray p,
            FloatArray sF32) {
        int lane = c.localIdx;
        int lanes = c.localGroupSizeX;
        int n = p.get(1);
        int o = p.get(2) + c.groupIdx * n;
        int xo = p.get(3) + c.groupIdx * n;
        int wo = p.get(4);
        float squares = RmsNormSteps.squares(x, xo, n, lane, lanes);
        float total = Reductions.sum(c, lane, lanes, squares);
        float factor = 1f / TornadoMath.sqrt(total / n + sF32.get(0));
        RmsNormSteps.scale(out, o, x, xo, weight, wo, n, lane, lanes, factor);
    }

    public static void addRmsNorm(
            KernelContext c,
            FloatArray out,
            FloatArray residual,
            FloatArray x,
            FloatArray weight,
            IntArray p,
            FloatArray sF32) {
        int lane = c.localIdx;
        int lanes = c.localGroupSizeX;
        int n = p.get(1);
        int o = p.get(2) + c.groupIdx * n;
        int ro = p.get(3) + c.groupIdx * n;
        int xo = p.get(4) + c.groupIdx * n;
        int wo = p.get(5);
        float squares = RmsNormSteps.addAndSquares(residual, ro, x, xo, n, lane, lanes);
        float total = Reductions.sum(c, lane, lanes, squares);
        float factor = 1f / TornadoMath.sqrt(total / n + sF32.get(0));
        RmsNormSteps.scale(out, o, residual, ro, weight, wo, n, lane, lanes, factor);
    }

    public static void softmax(KernelContext c, FloatArray out, FloatArray x, IntArray p) {
        int lane = c.localIdx;
        int lanes = c.localGroupSizeX;
        int n = p.get(1);
        int o = p.get(2) + c.groupIdx * n;
        int xo = p.get(3) + c.groupIdx * n;
        float most = load(x, xo);
        for (int i = lane; i < n; i += lanes) {
            most = TornadoMath.max(most, load(x, xo + i));
        }
        float max = Reductions.max(c, lane, lanes, most);
        float exponentials = 0f;
        for (int i = lane; i < n; i += lanes) {
            exponentials += TornadoMath.exp(load(x, xo + i) - max);
        }
        float factor = 1f / Reductions.sum(c, lane, lanes, exponentials);
        for (int i = lane; i < n; i += lanes) {
            store(out, o + i, TornadoMath.exp(load(x, xo + i) - max) * factor);
        }
    }

    private static float dot(
            FloatArray x, int xo, FloatArray w, int wo, int n, int lane, int lanes) {
        float sum = 0f;
        for (int i = lane; i < n; i += lanes) {
            sum += load(x, xo + i) * load(w, wo + i);
        }
        return sum;
    }

    /** The {@code i}-th element of {@link #linear} without its bias, to all lanes. */
    private static float product(
            KernelContext c,
            int i,
            int lane,
            int lanes,
            FloatArray x,
            FloatArray weight,
            IntArray p) {
        int in = p.get(1);
        int xo = p.get(5) + i / p.get(2) * in;
        int wo = p.get(6) + i % p.get(2) * in;
        return Reductions.sum(c, lane, lanes, dot(x, xo, weight, wo, in, lane, lanes));
    }

    public static void linear(
            KernelContext c,
            FloatArray out,
            FloatArray x,
            FloatArray weight,
            FloatArray bias,
            IntArray p) {
        int lane = c.localIdx;
        int i = c.groupIdx;
        float y = product(c, i, lane, c.localGroupSizeX, x, weight, p);
        if (lane == 0) {
            store(out, p.get(4) + i, MatrixKernels.biased(y, i, bias, p));
        }
    }

    public static void linearWide(
            KernelContext c,
            FloatArray outF32,
            FloatArray x,
            FloatArray weight,
            FloatArray bias,
            IntArray p) {
        int lane = c.localIdx;
        int i = c.groupIdx;
        float y = product(c, i, lane, c.localGroupSizeX, x, weight, p);
        if (lane == 0) {
            outF32.set(p.get(4) + i, MatrixKernels.biased(y, i, bias, p));
        }
    }

    public static void swiGlu(
            KernelContext c, FloatArray out, FloatArray x, FloatArray weight, IntArray p) {
        int lane = c.localIdx;
        int lanes = c.localGroupSizeX;
        int i = c.groupIdx;
        int in = p.get(1);
        int width = p.get(2);
        int feature = i % width;
        int xo = p.get(4) + i / width * in;
        int gateRow = p.get(5) + feature * in;
        float gatePart = dot(x, xo, weight, gateRow, in, lane, lanes);
        float upPart = dot(x, xo, weight, gateRow + width * in, in, lane, lanes);
        float gate = Reductions.sum(c, lane, lanes, gatePart);
        float up = Reductions.sum(c, lane, lanes, upPart);
        if (lane == 0) {
            store(out, p.get(3) + i, Functions.siluMul(gate, up));
        }
    }

    /**
     * A group makes a part of a row, so that no element asks where its row begins.
     *
     * <p>p: parts of a row, elements of a part, columns; out, gateUp.
     */
    public static void siluMul(KernelContext c, FloatArray out, FloatArray gateUp, IntArray p) {
        int parts = p.get(0);
        int n = p.get(2);
        int row = c.groupIdx / parts;
        int first = c.groupIdx % parts * p.get(1);
        int end = Math.min(n, first + p.get(1));
        int o = p.get(3) + row * n;
        int gate = p.get(4) + row * 2 * n;
        for (int i = first + c.localIdx; i < end; i += c.localGroupSizeX) {
            store(
                    out,
                    o + i,
                    Functions.siluMul(load(gateUp, gate + i), load(gateUp, gate + n + i)));
        }
    }

    public static void layerNorm(
            KernelContext c,
            FloatArray out,
            FloatArray x,
            FloatArray weight,
            FloatArray bias,
            IntArray p,
            FloatArray sF32) {
        int lane = c.localIdx;
        int lanes = c.localGroupSizeX;
        int n = p.get(1);
        int o = p.get(2) + c.groupIdx * n;
        int xo = p.get(3) + c.groupIdx * n;
        float values = 0f;
        for (int i = lane; i < n; i += lanes) {
            values += load(x, xo + i);
        }
        float mean = Reductions.sum(c, lane, lanes, values) / n;
        float squares = 0f;
        for (int i = lane; i < n; i += lanes) {
            float d = load(x, xo + i) - mean;
            squares += d * d;
        }
        float total = Reductions.sum(c, lane, lanes, squares);
        float factor = 1f / TornadoMath.sqrt(total / n + sF32.get(0));
        for (int i = lane; i < n; i += lanes) {
            float w = load(weight, p.get(4) + i);
            float b = load(bias, p.get(5) + i);
            store(out, o + i, (load(x, xo + i) - mean) * factor * w + b);
        }
    }
}
