package io.sparktts.tornado.f32;

import io.sparktts.tornado.kernel.Float8s;
import io.sparktts.tornado.kernel.KernelCode;
import io.sparktts.tornado.kernel.KernelSet;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.collections.VectorFloat8;
import uk.ac.manchester.tornado.api.types.vectors.Float8;

/**
 * Kernels for processors, where a work-item is a loop of a core: TornadoVM's addresses are integers
 * to the device's compiler, which therefore makes no vectors of loads of its own. Widths count
 * vectors of eight, offsets count elements.
 */
public final class VectorKernels {
    private VectorKernels() {}

    /** All of them. */
    public static KernelSet.VectorSet set() {
        Class<?> here = VectorKernels.class;
        Class<?> matrices = VectorMatrixKernels.class;
        return new KernelSet.VectorSet(
                KernelCode.of(here, "rmsNorm", VectorKernels::rmsNorm),
                KernelCode.of(here, "addRmsNorm", VectorKernels::addRmsNorm),
                KernelCode.of(here, "softmax", VectorKernels::softmax),
                KernelCode.of(here, "siluMul", VectorKernels::siluMul),
                KernelCode.of(here, "add", VectorKernels::add),
                KernelCode.of(matrices, "linear", VectorMatrixKernels::linear),
                KernelCode.of(matrices, "matvec", VectorMatrixKernels::matvec),
                KernelCode.of(matrices, "swiGlu", VectorMatrixKernels::swiGlu),
                KernelCode.of(matrices, "swiGluRow", VectorMatrixKernels::swiGluRow),
                KernelCode.of(
                        VectorAttentionKernel.class, "attention", VectorAttentionKernel::attention),
                KernelCode.of(here, "read", VectorKernels::read),
                KernelCode.of(here, "scale", VectorKernels::scale),
                KernelCode.of(here, "multiplyAdd", VectorKernels::multiplyAdd),
                VectorCodecKernels.set());
    }

    /** p: rows, n; out, x, weight. s: epsilon. */
    public static void rmsNorm(
            KernelContext c,
            FloatArray outArray,
            FloatArray xArray,
            FloatArray weightArray,
            IntArray p,
            FloatArray s) {
        VectorFloat8 out = new VectorFloat8(outArray);
        VectorFloat8 x = new VectorFloat8(xArray);
        VectorFloat8 weight = new VectorFloat8(weightArray);
        int row = c.globalIdx;
        if (row < p.get(0)) {
            int n = p.get(1);
            int o = p.get(2) / 8 + row * n;
            int xo = p.get(3) / 8 + row * n;
            int wo = p.get(4) / 8;
            Float8 first = x.get(xo);
            Float8 sum = Float8.mult(first, first);
            for (int i = 1; i < n; i++) {
                Float8 v = x.get(xo + i);
                sum = Float8.add(sum, Float8.mult(v, v));
            }
            float mean = Float8s.sum(sum) / (8 * n);
            float factor = 1f / TornadoMath.sqrt(mean + s.get(0));
            for (int i = 0; i < n; i++) {
                Float8 v = Float8.mult(x.get(xo + i), factor);
                out.set(o + i, Float8.mult(v, weight.get(wo + i)));
            }
        }
    }

    /** p: rows, n; out, residual, x, weight. s: epsilon. */
    public static void addRmsNorm(
            KernelContext c,
            FloatArray outArray,
            FloatArray residualArray,
            FloatArray xArray,
            FloatArray weightArray,
            IntArray p,
            FloatArray s) {
        VectorFloat8 out = new VectorFloat8(outArray);
        VectorFloat8 residual = new VectorFloat8(residualArray);
        VectorFloat8 x = new VectorFloat8(xArray);
        VectorFloat8 weight = new VectorFloat8(weightArray);
        int row = c.globalIdx;
        if (row < p.get(0)) {
            int n = p.get(1);
            int o = p.get(2) / 8 + row * n;
            int ro = p.get(3) / 8 + row * n;
            int xo = p.get(4) / 8 + row * n;
            int wo = p.get(5) / 8;
            Float8 first = Float8.add(residual.get(ro), x.get(xo));
            residual.set(ro, first);
            Float8 sum = Float8.mult(first, first);
            for (int i = 1; i < n; i++) {
                Float8 v = Float8.add(residual.get(ro + i), x.get(xo + i));
                residual.set(ro + i, v);
                sum = Float8.add(sum, Float8.mult(v, v));
            }
            float mean = Float8s.sum(sum) / (8 * n);
            float factor = 1f / TornadoMath.sqrt(mean + s.get(0));
            for (int i = 0; i < n; i++) {
                Float8 v = Float8.mult(residual.get(ro + i), factor);
                out.set(o + i, Float8.mult(v, weight.get(wo + i)));
            }
        }
    }

    /** p: rows, n; out, x. s: {@link Float8s#powers}. */
    public static void softmax(
            KernelContext c, FloatArray outArray, FloatArray xArray, IntArray p, FloatArray s) {
        VectorFloat8 out = new VectorFloat8(outArray);
        VectorFloat8 x = new VectorFloat8(xArray);
        int row = c.globalIdx;
        if (row < p.get(0)) {
            int n = p.get(1);
            int o = p.get(2) / 8 + row * n;
            int xo = p.get(3) / 8 + row * n;
            Float8 most = x.get(xo);
            for (int i = 1; i < n; i++) {
                most = Float8.max(most, x.get(xo + i));
            }
            float max = Float8s.max(most);
            Float8 first = Float8s.expOfNegative(Float8.sub(x.get(xo), max), s);
            out.set(o, first);
            Float8 sum = first;
            for (int i = 1; i < n; i++) {
                Float8 e = Float8s.expOfNegative(Float8.sub(x.get(xo + i), max), s);
                out.set(o + i, e);
                sum = Float8.add(sum, e);
            }
            float factor = 1f / Float8s.sum(sum);
            for (int i = 0; i < n; i++) {
                out.set(o + i, Float8.mult(out.get(o + i), factor));
            }
        }
    }

    /** p: rows, n; out, gateUp. */
    public static void siluMul(
            KernelContext c, FloatArray outArray, FloatArray gateUpArray, IntArray p) {
        VectorFloat8 out = new VectorFloat8(outArray);
        VectorFloat8 gateUp = new VectorFloat8(gateUpArray);
        int row = c.globalIdx;
        if (row < p.get(0)) {
            int n = p.get(1);
            int o = p.get(2) / 8 + row * n;
            int gate = p.get(3) / 8 + row * 2 * n;
            for (int i = 0; i < n; i++) {
                Float8 g = gateUp.get(gate + i);
                out.set(o + i, Float8.mult(Float8s.silu(g), gateUp.get(gate + n + i)));
            }
        }
    }

    /** p: vectors, vectors of a work-item; out, a, b. */
    public static void add(
            KernelContext c,
            FloatArray outArray,
            FloatArray aArray,
            FloatArray bArray,
            IntArray p) {
        VectorFloat8 out = new VectorFloat8(outArray);
        VectorFloat8 a = new VectorFloat8(aArray);
        VectorFloat8 b = new VectorFloat8(bArray);
        int from = c.globalIdx * p.get(1);
        int to = Math.min(from + p.get(1), p.get(0));
        for (int i = from; i < to; i++) {
            out.set(p.get(2) / 8 + i, Float8.add(a.get(p.get(3) / 8 + i), b.get(p.get(4) / 8 + i)));
        }
    }

    /** Sum of a buffer. p: vectors, vectors of a work-item; one sum per work-item, a. */
    public static void read(KernelContext c, FloatArray sumsArray, FloatArray aArray, IntArray p) {
        VectorFloat8 sums = new VectorFloat8(sumsArray);
        VectorFloat8 a = new VectorFloat8(aArray);
        int from = c.globalIdx * p.get(1);
        int to = Math.min(from + p.get(1), p.get(0));
        Float8 s0 = a.get(from);
        Float8 s1 = a.get(from + 1);
        Float8 s2 = a.get(from + 2);
        Float8 s3 = a.get(from + 3);
        for (int i = from + 4; i + 3 < to; i += 4) {
            s0 = Float8.add(s0, a.get(i));
            s1 = Float8.add(s1, a.get(i + 1));
            s2 = Float8.add(s2, a.get(i + 2));
            s3 = Float8.add(s3, a.get(i + 3));
        }
        sums.set(c.globalIdx, Float8.add(Float8.add(s0, s1), Float8.add(s2, s3)));
    }

    /** A buffer times a constant. p: vectors, vectors of a work-item; out, a. s: the constant. */
    public static void scale(
            KernelContext c, FloatArray outArray, FloatArray aArray, IntArray p, FloatArray s) {
        VectorFloat8 out = new VectorFloat8(outArray);
        VectorFloat8 a = new VectorFloat8(aArray);
        int from = c.globalIdx * p.get(1);
        int to = Math.min(from + p.get(1), p.get(0));
        float factor = s.get(0);
        for (int i = from; i < to; i++) {
            out.set(i, Float8.mult(a.get(i), factor));
        }
    }

    /** Independent chains, eight per turn; "fma" is a function of OpenCL. p: turns; out, a. */
    public static void multiplyAdd(
            KernelContext c, FloatArray outArray, FloatArray aArray, IntArray p) {
        VectorFloat8 out = new VectorFloat8(outArray);
        VectorFloat8 a = new VectorFloat8(aArray);
        Float8 m = a.get(0);
        Float8 b = a.get(1);
        Float8 s0 = a.get(2);
        Float8 s1 = a.get(3);
        Float8 s2 = a.get(4);
        Float8 s3 = a.get(5);
        Float8 s4 = a.get(6);
        Float8 s5 = a.get(7);
        Float8 s6 = a.get(8);
        Float8 s7 = a.get(9);
        int turns = p.get(0);
        for (int i = 0; i < turns; i++) {
            s0 = Float8.add(Float8.mult(s0, m), b);
            s1 = Float8.add(Float8.mult(s1, m), b);
            s2 = Float8.add(Float8.mult(s2, m), b);
            s3 = Float8.add(Float8.mult(s3, m), b);
            s4 = Float8.add(Float8.mult(s4, m), b);
            s5 = Float8.add(Float8.mult(s5, m), b);
            s6 = Float8.add(Float8.mult(s6, m), b);
            s7 = Float8.add(Float8.mult(s7, m), b);
        }
        Float8 left = Float8.add(Float8.add(s0, s1), Float8.add(s2, s3));
        Float8 right = Float8.add(Float8.add(s4, s5), Float8.add(s6, s7));
        out.set(c.globalIdx, Float8.add(left, right));
    }
}
