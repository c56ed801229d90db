package io.sparktts.tornado.f32;

import static io.sparktts.tornado.kernel.Elements.load;
import static io.sparktts.tornado.kernel.Elements.store;

import io.sparktts.tornado.kernel.Functions;
import io.sparktts.tornado.kernel.KernelCode;
import io.sparktts.tornado.kernel.KernelSet;
import io.sparktts.tornado.kernel.Taps;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * The codec's operations: rows are frames, columns are channels. Unless said otherwise a work-item
 * makes one element.
 */
public final class CodecKernels {
    private static final float SNAKE_EPSILON = 1e-9f;

    private CodecKernels() {}

    /** All of them. */
    public static KernelSet.CodecSet set() {
        Class<?> here = CodecKernels.class;
        return new KernelSet.CodecSet(
                KernelCode.of(here, "layerNorm", CodecKernels::layerNorm),
                KernelCode.of(here, "gelu", CodecKernels::gelu),
                KernelCode.of(here, "relu", CodecKernels::relu),
                KernelCode.of(here, "sigmoid", CodecKernels::sigmoid),
                KernelCode.of(here, "hyperbolicTangent", CodecKernels::hyperbolicTangent),
                KernelCode.of(here, "geglu", CodecKernels::geglu),
                KernelCode.of(here, "affine", CodecKernels::affine),
                KernelCode.of(here, "snake", CodecKernels::snake),
                KernelCode.of(here, "columnMean", CodecKernels::columnMean),
                KernelCode.of(here, "copyColumns", CodecKernels::copyColumns),
                KernelCode.of(here, "unfold", CodecKernels::unfold),
                KernelCode.of(here, "depthwise", CodecKernels::depthwise),
                KernelCode.of(here, "attention", CodecKernels::attention));
    }

    /** p: rows, n; out, x, weight, bias. s: epsilon. A work-item makes a row. */
    public static void layerNorm(
            KernelContext c,
            FloatArray out,
            FloatArray x,
            FloatArray weight,
            FloatArray bias,
            IntArray p,
            FloatArray sF32) {
        int row = c.globalIdx;
        if (row < p.get(0)) {
            int n = p.get(1);
            int o = p.get(2) + row * n;
            int xo = p.get(3) + row * n;
            float sum = 0f;
            for (int i = 0; i < n; i++) {
                sum += load(x, xo + i);
            }
            float mean = sum / n;
            float squares = 0f;
            for (int i = 0; i < n; i++) {
                float d = load(x, xo + i) - mean;
                squares += d * d;
            }
            float factor = 1f / TornadoMath.sqrt(squares / n + sF32.get(0));
            for (int i = 0; i < n; i++) {
                float w = load(weight, p.get(4) + i);
                float b = load(bias, p.get(5) + i);
                store(out, o + i, (load(x, xo + i) - mean) * factor * w + b);
            }
        }
    }

    /** p: elements; out, x. */
    public static void gelu(KernelContext c, FloatArray out, FloatArray x, IntArray p) {
        int i = c.globalIdx;
        if (i < p.get(0)) {
            store(out, p.get(1) + i, Functions.gelu(load(x, p.get(2) + i)));
        }
    }

    /** p: elements; out, x. */
    public static void relu(KernelContext c, FloatArray out, FloatArray x, IntArray p) {
        int i = c.globalIdx;
        if (i < p.get(0)) {
            store(out, p.get(1) + i, TornadoMath.max(load(x, p.get(2) + i), 0f));
        }
    }

    /** p: elements; out, x. */
    public static void sigmoid(KernelContext c, FloatArray out, FloatArray x, IntArray p) {
        int i = c.globalIdx;
        if (i < p.get(0)) {
            store(out, p.get(1) + i, Functions.sigmoid(load(x, p.get(2) + i)));
        }
    }

    /** p: elements; out, x. "tanh" is a function of OpenCL. */
    public static void hyperbolicTangent(
            KernelContext c, FloatArray out, FloatArray x, IntArray p) {
        int i = c.globalIdx;
        if (i < p.get(0)) {
            store(out, p.get(1) + i, Functions.tanh(load(x, p.get(2) + i)));
        }
    }

    /** p: elements, n; out, valueGate. */
    public static void geglu(KernelContext c, FloatArray out, FloatArray valueGate, IntArray p) {
        int i = c.globalIdx;
        if (i < p.get(0)) {
            int n = p.get(1);
            int value = p.get(3) + i / n * (2 * n) + i % n;
            float gate = Functions.gelu(load(valueGate, value + n));
            store(out, p.get(2) + i, load(valueGate, value) * gate);
        }
    }

    /** p: elements, n, shifted; out, x, scale, shift. */
    public static void affine(
            KernelContext c,
            FloatArray out,
            FloatArray x,
            FloatArray scale,
            FloatArray shift,
            IntArray p) {
        int i = c.globalIdx;
        if (i < p.get(0)) {
            int column = i % p.get(1);
            float y = load(x, p.get(4) + i) * load(scale, p.get(5) + column);
            if (p.get(2) != 0) {
                y += load(shift, p.get(6) + column);
            }
            store(out, p.get(3) + i, y);
        }
    }

    /** p: elements, n; out, x, alpha. */
    public static void snake(
            KernelContext c, FloatArray out, FloatArray x, FloatArray alpha, IntArray p) {
        int i = c.globalIdx;
        if (i < p.get(0)) {
            float v = load(x, p.get(3) + i);
            float a = load(alpha, p.get(4) + i % p.get(1));
            store(out, p.get(2) + i, v + Functions.sinSquared(a * v) / (a + SNAKE_EPSILON));
        }
    }

    /** p: rows, n; out, x. A work-item makes a column. */
    public static void columnMean(KernelContext c, FloatArray out, FloatArray x, IntArray p) {
        int column = c.globalIdx;
        int n = p.get(1);
        if (column < n) {
            int rows = p.get(0);
            float sum = 0f;
            for (int row = 0; row < rows; row++) {
                sum += load(x, p.get(3) + row * n + column);
            }
            store(out, p.get(2) + column, sum / rows);
        }
    }

    /** p: elements, columns, width and first column of out, the same of x; out, x. */
    public static void copyColumns(KernelContext c, FloatArray out, FloatArray x, IntArray p) {
        int i = c.globalIdx;
        if (i < p.get(0)) {
            int row = i / p.get(1);
            int column = i % p.get(1);
            int to = p.get(6) + row * p.get(2) + p.get(3) + column;
            store(out, to, load(x, p.get(7) + row * p.get(4) + p.get(5) + column));
        }
    }

    /**
     * p: elements, n, taps, stride, dilation, start, frames, channels, first channel; out, x. See
     * {@link io.sparktts.backend.Window}.
     */
    public static void unfold(KernelContext c, FloatArray out, FloatArray x, IntArray p) {
        int i = c.globalIdx;
        if (i < p.get(0)) {
            int n = p.get(1);
            int tap = i / n % p.get(2);
            int row = i / n / p.get(2);
            int frame = row * p.get(3) + p.get(5) + tap * p.get(4);
            float v = 0f;
            if (frame >= 0 && frame < p.get(6)) {
                v = load(x, p.get(10) + frame * p.get(7) + p.get(8) + i % n);
            }
            store(out, p.get(9) + i, v);
        }
    }

    /** p: elements, n, taps, stride, dilation, start, frames; out, x, weight, bias. */
    public static void depthwise(
            KernelContext c,
            FloatArray out,
            FloatArray x,
            FloatArray weight,
            FloatArray bias,
            IntArray p) {
        int i = c.globalIdx;
        if (i < p.get(0)) {
            int n = p.get(1);
            int taps = p.get(2);
            int channel = i % n;
            int frame = i / n * p.get(3) + p.get(5);
            int end = Taps.end(frame, p.get(4), taps, p.get(6));
            float y = load(bias, p.get(10) + channel);
            for (int tap = Taps.first(frame, p.get(4), taps); tap < end; tap++) {
                float w = load(weight, p.get(9) + tap * n + channel);
                y += load(x, p.get(8) + (frame + tap * p.get(4)) * n + channel) * w;
            }
            store(out, p.get(7) + i, y);
        }
    }

    /**
     * p: queries, positions, heads, headDim, block; out, q, k, v, work, which is {@code [queries *
     * heads, block + headDim]}. A work-item makes one head of a query.
     */
    public static void attention(
            KernelContext c,
            FloatArray out,
            FloatArray q,
            FloatArray k,
            FloatArray v,
            FloatArray workF32,
            IntArray p) {
        int i = c.globalIdx;
        int heads = p.get(2);
        if (i < p.get(0) * heads) {
            int dim = p.get(3);
            int block = p.get(4);
            int head = i % heads * dim;
            AttentionHead.attend(
                    out,
                    p.get(5) + i * dim,
                    q,
                    p.get(6) + i * dim,
                    k,
                    p.get(7) + head,
                    v,
                    p.get(8) + head,
                    heads * dim,
                    p.get(1),
                    dim,
                    block,
                    workF32,
                    p.get(9) + i * (block + dim));
        }
    }
}
