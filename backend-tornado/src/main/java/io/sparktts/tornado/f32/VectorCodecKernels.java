package io.sparktts.tornado.f32;

import io.sparktts.tornado.kernel.Float8s;
import io.sparktts.tornado.kernel.KernelCode;
import io.sparktts.tornado.kernel.KernelSet;
import io.sparktts.tornado.kernel.Taps;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.collections.VectorFloat8;
import uk.ac.manchester.tornado.api.types.vectors.Float8;

/**
 * {@link CodecKernels} for processors, as {@link VectorKernels} are. Widths and columns count
 * vectors of eight, offsets count elements; a work-item makes one row, or several where rows are
 * short.
 */
public final class VectorCodecKernels {
    private static final float SNAKE_EPSILON = 1e-9f;

    private VectorCodecKernels() {}

    /** All of them. */
    public static KernelSet.VectorCodecSet set() {
        Class<?> here = VectorCodecKernels.class;
        return new KernelSet.VectorCodecSet(
                KernelCode.of(here, "layerNorm", VectorCodecKernels::layerNorm),
                KernelCode.of(here, "gelu", VectorCodecKernels::gelu),
                KernelCode.of(here, "geglu", VectorCodecKernels::geglu),
                KernelCode.of(here, "snake", VectorCodecKernels::snake),
                KernelCode.of(here, "copyColumns", VectorCodecKernels::copyColumns),
                KernelCode.of(here, "unfold", VectorCodecKernels::unfold),
                KernelCode.of(here, "depthwise", VectorCodecKernels::depthwise),
                KernelCode.of(
                        VectorAttentionKernel.class,
                        "bidirectional",
                        VectorAttentionKernel::bidirectional));
    }

    /** p: rows, n; out, x, weight, bias. s: epsilon. */
    public static void layerNorm(
            KernelContext c,
            FloatArray outArray,
            FloatArray xArray,
            FloatArray weightArray,
            FloatArray biasArray,
            IntArray p,
            FloatArray s) {
        VectorFloat8 out = new VectorFloat8(outArray);
        VectorFloat8 x = new VectorFloat8(xArray);
        VectorFloat8 weight = new VectorFloat8(weightArray);
        VectorFloat8 bias = new VectorFloat8(biasArray);
        int row = c.globalIdx;
        if (row < p.get(0)) {
            int n = p.get(1);
            int o = p.get(2) / 8 + row * n;
            int xo = p.get(3) / 8 + row * n;
            int wo = p.get(4) / 8;
            int bo = p.get(5) / 8;
            Float8 sum = x.get(xo);
            for (int i = 1; i < n; i++) {
                sum = Float8.add(sum, x.get(xo + i));
            }
            float mean = Float8s.sum(sum) / (8 * n);
            Float8 first = Float8.sub(x.get(xo), mean);
            Float8 squares = Float8.mult(first, first);
            for (int i = 1; i < n; i++) {
                Float8 d = Float8.sub(x.get(xo + i), mean);
                squares = Float8.add(squares, Float8.mult(d, d));
            }
            float variance = Float8s.sum(squares) / (8 * n);
            float factor = 1f / TornadoMath.sqrt(variance + s.get(0));
            for (int i = 0; i < n; i++) {
                Float8 v = Float8.mult(Float8.sub(x.get(xo + i), mean), factor);
                out.set(o + i, Float8.add(Float8.mult(v, weight.get(wo + i)), bias.get(bo + i)));
            }
        }
    }

    /** p: vectors, vectors of a work-item; out, x. s: {@link Float8s#powers}. */
    public static void gelu(
            KernelContext c, FloatArray outArray, FloatArray xArray, IntArray p, FloatArray s) {
        VectorFloat8 out = new VectorFloat8(outArray);
        VectorFloat8 x = new VectorFloat8(xArray);
        int o = p.get(2) / 8;
        int xo = p.get(3) / 8;
        int from = c.globalIdx * p.get(1);
        int to = Math.min(from + p.get(1), p.get(0));
        for (int i = from; i < to; i++) {
            out.set(o + i, Float8s.gelu(x.get(xo + i), s));
        }
    }

    /** p: rows, n; out, valueGate. s: {@link Float8s#powers}. */
    public static void geglu(
            KernelContext c,
            FloatArray outArray,
            FloatArray valueGateArray,
            IntArray p,
            FloatArray s) {
        VectorFloat8 out = new VectorFloat8(outArray);
        VectorFloat8 valueGate = new VectorFloat8(valueGateArray);
        int row = c.globalIdx;
        if (row < p.get(0)) {
            int n = p.get(1);
            int o = p.get(2) / 8 + row * n;
            int value = p.get(3) / 8 + row * 2 * n;
            for (int i = 0; i < n; i++) {
                Float8 gate = Float8s.gelu(valueGate.get(value + n + i), s);
                out.set(o + i, Float8.mult(valueGate.get(value + i), gate));
            }
        }
    }

    /** p: rows, n, rows of a work-item; out, x, alpha. */
    public static void snake(
            KernelContext c,
            FloatArray outArray,
            FloatArray xArray,
            FloatArray alphaArray,
            IntArray p) {
        VectorFloat8 out = new VectorFloat8(outArray);
        VectorFloat8 x = new VectorFloat8(xArray);
        VectorFloat8 alpha = new VectorFloat8(alphaArray);
        int n = p.get(1);
        int from = c.globalIdx * p.get(2);
        int to = Math.min(from + p.get(2), p.get(0));
        for (int row = from; row < to; row++) {
            int o = p.get(3) / 8 + row * n;
            int xo = p.get(4) / 8 + row * n;
            for (int i = 0; i < n; i++) {
                Float8 a = alpha.get(p.get(5) / 8 + i);
                Float8 v = x.get(xo + i);
                Float8 squares = Float8s.sinSquared(Float8.mult(a, v));
                Float8 periodic = Float8.div(squares, Float8.add(a, SNAKE_EPSILON));
                out.set(o + i, Float8.add(v, periodic));
            }
        }
    }

    /**
     * p: rows, columns, rows of a work-item, width and first column of out, the same of x; out, x.
     */
    public static void copyColumns(
            KernelContext c, FloatArray outArray, FloatArray xArray, IntArray p) {
        VectorFloat8 out = new VectorFloat8(outArray);
        VectorFloat8 x = new VectorFloat8(xArray);
        int n = p.get(1);
        int from = c.globalIdx * p.get(2);
        int to = Math.min(from + p.get(2), p.get(0));
        for (int row = from; row < to; row++) {
            int o = p.get(7) / 8 + row * p.get(3) + p.get(4);
            int xo = p.get(8) / 8 + row * p.get(5) + p.get(6);
            for (int i = 0; i < n; i++) {
                out.set(o + i, x.get(xo + i));
            }
        }
    }

    /**
     * p: rows, n, taps, stride, dilation, start, frames, channels, first channel; out, x. Each
     * stretch has its loop: TornadoVM 5.2.0 runs both branches of "if (a && b) loop else loop".
     */
    public static void unfold(KernelContext c, FloatArray outArray, FloatArray xArray, IntArray p) {
        VectorFloat8 out = new VectorFloat8(outArray);
        VectorFloat8 x = new VectorFloat8(xArray);
        int row = c.globalIdx;
        if (row < p.get(0)) {
            int n = p.get(1);
            int taps = p.get(2);
            int frame = row * p.get(3) + p.get(5);
            int first = Taps.first(frame, p.get(4), taps);
            int end = Taps.end(frame, p.get(4), taps, p.get(6));
            int o = p.get(9) / 8 + row * taps * n;
            Float8 zero = new Float8(0f, 0f, 0f, 0f, 0f, 0f, 0f, 0f);
            for (int i = 0; i < first * n; i++) {
                out.set(o + i, zero);
            }
            for (int tap = first; tap < end; tap++) {
                int xo = p.get(10) / 8 + (frame + tap * p.get(4)) * p.get(7) + p.get(8);
                for (int i = 0; i < n; i++) {
                    out.set(o + tap * n + i, x.get(xo + i));
                }
            }
            for (int i = end * n; i < taps * n; i++) {
                out.set(o + i, zero);
            }
        }
    }

    /** p: rows, n, taps, stride, dilation, start, frames; out, x, weight, bias. */
    public static void depthwise(
            KernelContext c,
            FloatArray outArray,
            FloatArray xArray,
            FloatArray weightArray,
            FloatArray biasArray,
            IntArray p) {
        VectorFloat8 out = new VectorFloat8(outArray);
        VectorFloat8 x = new VectorFloat8(xArray);
        VectorFloat8 weight = new VectorFloat8(weightArray);
        VectorFloat8 bias = new VectorFloat8(biasArray);
        int row = c.globalIdx;
        if (row < p.get(0)) {
            int n = p.get(1);
            int taps = p.get(2);
            int frame = row * p.get(3) + p.get(5);
            int first = Taps.first(frame, p.get(4), taps);
            int end = Taps.end(frame, p.get(4), taps, p.get(6));
            for (int i = 0; i < n; i++) {
                Float8 y = bias.get(p.get(10) / 8 + i);
                for (int tap = first; tap < end; tap++) {
                    int xo = p.get(8) / 8 + (frame + tap * p.get(4)) * n;
                    Float8 w = weight.get(p.get(9) / 8 + tap * n + i);
                    y = Float8.add(y, Float8.mult(x.get(xo + i), w));
                }
                out.set(p.get(7) / 8 + row * n + i, y);
            }
        }
    }
}
