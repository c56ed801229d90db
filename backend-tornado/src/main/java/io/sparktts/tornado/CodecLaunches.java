package io.sparktts.tornado;

import static io.sparktts.tornado.Launcher.ATTENTION_BLOCK;
import static io.sparktts.tornado.Launcher.ITEM_VECTORS;
import static io.sparktts.tornado.Launcher.LANES;
import static io.sparktts.tornado.Launcher.NO_SCALARS;
import static io.sparktts.tornado.Launcher.ROW_LANES;
import static io.sparktts.tornado.Launcher.scalars;
import static io.sparktts.tornado.Launcher.set;
import static io.sparktts.tornado.Launcher.sizes;

import io.sparktts.backend.Activation;
import io.sparktts.backend.Conv1d;
import io.sparktts.backend.DType;
import io.sparktts.backend.Kernels;
import io.sparktts.backend.Tensor;
import io.sparktts.backend.Window;
import io.sparktts.tornado.kernel.Float8s;
import io.sparktts.tornado.kernel.KernelCode;
import io.sparktts.tornado.kernel.KernelSet.CodecSet;
import io.sparktts.tornado.kernel.KernelSet.VectorCodecSet;
import io.sparktts.tornado.kernel.KernelSet.VectorSet;

import org.jspecify.annotations.Nullable;

import java.util.Arrays;

/** The codec's part of {@link TornadoKernels}; the methods are those of {@link Kernels}. */
final class CodecLaunches {
    private static final float[] POWERS = Float8s.powers();

    /** Sizes of a window. */
    private static final int WINDOW_SIZES = 7;

    private final Launcher launcher;
    private final Scratch scratch;

    CodecLaunches(Launcher launcher, Scratch scratch) {
        this.launcher = launcher;
        this.scratch = scratch;
    }

    void layerNorm(Tensor out, Tensor x, Tensor weight, Tensor bias, double epsilon) {
        int rows = x.rows();
        int n = x.columns();
        int[] s = sizes(rows, n);
        float[] e = scalars(epsilon);
        VectorCodecSet v = vectors(n, out, x, weight, bias);
        if (v != null) {
            launcher.rows(v.layerNorm(), rows, sizes(rows, n / LANES), e, out, x, weight, bias);
        } else if (launcher.processor()) {
            launcher.rows(set(x.dtype()).codec().layerNorm(), rows, s, e, out, x, weight, bias);
        } else {
            KernelCode kernel = set(x.dtype()).group().layerNorm();
            launcher.groups(kernel, rows, ROW_LANES, s, e, out, x, weight, bias);
        }
    }

    void activation(Tensor out, Tensor x, Activation function) {
        VectorCodecSet v = x.elements() % LANES == 0 ? vectors(LANES, out, x) : null;
        if (v != null && function == Activation.GELU) {
            int whole = elements(x) / LANES;
            long items = (whole + ITEM_VECTORS - 1L) / ITEM_VECTORS;
            launcher.rows(v.gelu(), items, sizes(whole, ITEM_VECTORS), POWERS, out, x);
            return;
        }
        CodecSet set = set(x.dtype()).codec();
        KernelCode kernel =
                switch (function) {
                    case GELU -> set.gelu();
                    case RELU -> set.relu();
                    case SIGMOID -> set.sigmoid();
                    case TANH -> set.tanh();
                };
        launcher.elements(kernel, x.elements(), sizes(elements(x)), out, x);
    }

    void geglu(Tensor out, Tensor valueGate) {
        int n = out.columns();
        VectorCodecSet v = vectors(n, out, valueGate);
        if (v != null) {
            int[] s = sizes(out.rows(), n / LANES);
            launcher.rows(v.geglu(), out.rows(), s, POWERS, out, valueGate);
            return;
        }
        KernelCode kernel = set(out.dtype()).codec().geglu();
        int[] s = sizes(elements(out), n);
        launcher.elements(kernel, out.elements(), s, out, valueGate);
    }

    void affine(Tensor out, Tensor x, Tensor scale, @Nullable Tensor shift) {
        KernelCode kernel = set(x.dtype()).codec().affine();
        int[] s = sizes(elements(x), x.columns(), shift == null ? 0 : 1);
        Tensor added = shift == null ? scale : shift;
        launcher.elements(kernel, x.elements(), s, out, x, scale, added);
    }

    void snake(Tensor out, Tensor x, Tensor alpha) {
        int n = x.columns();
        VectorCodecSet v = vectors(n, out, x, alpha);
        if (v != null) {
            int each = itemRows(n);
            int[] s = sizes(x.rows(), n / LANES, each);
            launcher.rows(v.snake(), items(x.rows(), each), s, NO_SCALARS, out, x, alpha);
            return;
        }
        KernelCode kernel = set(x.dtype()).codec().snake();
        launcher.elements(kernel, x.elements(), sizes(elements(x), n), out, x, alpha);
    }

    void columnMean(Tensor out, Tensor x) {
        KernelCode kernel = set(x.dtype()).codec().columnMean();
        launcher.elements(kernel, x.columns(), sizes(x.rows(), x.columns()), out, x);
    }

    void copyColumns(Tensor out, int outColumn, Tensor x, int xColumn, int columns) {
        int all = out.columns() | outColumn | x.columns() | xColumn | columns;
        VectorCodecSet v = vectors(all, out, x);
        if (v != null) {
            int each = itemRows(columns);
            int[] s =
                    sizes(
                            x.rows(),
                            columns / LANES,
                            each,
                            out.columns() / LANES,
                            outColumn / LANES,
                            x.columns() / LANES,
                            xColumn / LANES);
            launcher.rows(v.copyColumns(), items(x.rows(), each), s, NO_SCALARS, out, x);
            return;
        }
        KernelCode kernel = set(x.dtype()).codec().copyColumns();
        int count = Math.multiplyExact(x.rows(), columns);
        int[] s = sizes(count, columns, out.columns(), outColumn, x.columns(), xColumn);
        launcher.elements(kernel, count, s, out, x);
    }

    void bidirectionalAttention(Tensor out, Tensor q, Tensor k, Tensor v, int heads) {
        int items = q.rows() * heads;
        int headDim = q.columns() / heads;
        Tensor work =
                scratch.get("attention.work", DType.F32, items, ATTENTION_BLOCK + (long) headDim);
        int[] s = sizes(q.rows(), k.rows(), heads, headDim, ATTENTION_BLOCK);
        VectorCodecSet vectors = vectors(headDim, out, q, k, v);
        KernelCode kernel =
                vectors == null ? set(q.dtype()).codec().attention() : vectors.attention();
        launcher.rows(kernel, items, s, NO_SCALARS, out, q, k, v, work);
    }

    void unfold(Tensor out, Tensor x, Window w, int firstChannel) {
        int n = out.columns() / w.taps();
        VectorCodecSet v = vectors(n | x.columns() | firstChannel, out, x);
        int[] s = Arrays.copyOf(windowSizes(out, x, n, w, v != null), WINDOW_SIZES + 2);
        int unit = v == null ? 1 : LANES;
        s[WINDOW_SIZES] = x.columns() / unit;
        s[WINDOW_SIZES + 1] = firstChannel / unit;
        if (v == null) {
            launcher.elements(set(x.dtype()).codec().unfold(), out.elements(), s, out, x);
        } else {
            launcher.rows(v.unfold(), out.rows(), s, NO_SCALARS, out, x);
        }
    }

    void depthwiseConv1d(Tensor out, Tensor x, Tensor weight, Tensor bias, Conv1d shape) {
        int n = x.columns();
        VectorCodecSet v = vectors(n, out, x, weight, bias);
        int[] s = windowSizes(out, x, n, shape.window(), v != null);
        if (v == null) {
            KernelCode kernel = set(x.dtype()).codec().depthwise();
            launcher.elements(kernel, out.elements(), s, out, x, weight, bias);
        } else {
            launcher.rows(v.depthwise(), out.rows(), s, NO_SCALARS, out, x, weight, bias);
        }
    }

    /** Rows of vectors, or elements, and the window on {@code x}. */
    private static int[] windowSizes(Tensor out, Tensor x, int n, Window w, boolean vectors) {
        return sizes(
                vectors ? out.rows() : elements(out),
                vectors ? n / LANES : n,
                w.taps(),
                w.stride(),
                w.dilation(),
                w.start(),
                x.rows());
    }

    /** See {@link Launcher#vectors}; {@code columns} may be several widths, joined by "or". */
    private @Nullable VectorCodecSet vectors(int columns, Tensor... tensors) {
        VectorSet v = launcher.vectors(columns, tensors);
        return v == null ? null : v.codec();
    }

    /** Rows that a work-item makes of so many columns. */
    private static int itemRows(int columns) {
        return Math.max(1, ITEM_VECTORS * LANES / Math.max(1, columns));
    }

    private static int items(int rows, int each) {
        return (rows + each - 1) / each;
    }

    private static int elements(Tensor t) {
        return Math.toIntExact(t.elements());
    }
}
