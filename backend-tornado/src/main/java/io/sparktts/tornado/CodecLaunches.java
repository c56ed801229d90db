package io.sparktts.tornado;

import static io.sparktts.tornado.Launcher.ATTENTION_BLOCK;
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
import io.sparktts.tornado.kernel.KernelCode;
import io.sparktts.tornado.kernel.KernelSet.CodecSet;

import org.jspecify.annotations.Nullable;

/** The codec's part of {@link TornadoKernels}; the methods are those of {@link Kernels}. */
final class CodecLaunches {
    private final Launcher launcher;
    private final Scratch scratch;

    CodecLaunches(Launcher launcher, Scratch scratch) {
        this.launcher = launcher;
        this.scratch = scratch;
    }

    void layerNorm(Tensor out, Tensor x, Tensor weight, Tensor bias, double epsilon) {
        int rows = x.rows();
        int[] s = sizes(rows, x.columns());
        float[] e = scalars(epsilon);
        if (launcher.processor()) {
            launcher.rows(set(x.dtype()).codec().layerNorm(), rows, s, e, out, x, weight, bias);
        } else {
            KernelCode kernel = set(x.dtype()).group().layerNorm();
            launcher.groups(kernel, rows, ROW_LANES, s, e, out, x, weight, bias);
        }
    }

    void activation(Tensor out, Tensor x, Activation function) {
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
        KernelCode kernel = set(out.dtype()).codec().geglu();
        int[] s = sizes(elements(out), out.columns());
        launcher.elements(kernel, out.elements(), s, out, valueGate);
    }

    void affine(Tensor out, Tensor x, Tensor scale, @Nullable Tensor shift) {
        KernelCode kernel = set(x.dtype()).codec().affine();
        int[] s = sizes(elements(x), x.columns(), shift == null ? 0 : 1);
        Tensor added = shift == null ? scale : shift;
        launcher.elements(kernel, x.elements(), s, out, x, scale, added);
    }

    void snake(Tensor out, Tensor x, Tensor alpha) {
        KernelCode kernel = set(x.dtype()).codec().snake();
        launcher.elements(kernel, x.elements(), sizes(elements(x), x.columns()), out, x, alpha);
    }

    void columnMean(Tensor out, Tensor x) {
        KernelCode kernel = set(x.dtype()).codec().columnMean();
        launcher.elements(kernel, x.columns(), sizes(x.rows(), x.columns()), out, x);
    }

    void copyColumns(Tensor out, int outColumn, Tensor x, int xColumn, int columns) {
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
        KernelCode kernel = set(q.dtype()).codec().attention();
        launcher.rows(kernel, items, s, NO_SCALARS, out, q, k, v, work);
    }

    void unfold(Tensor out, Tensor x, Window w, int firstChannel) {
        int[] s =
                sizes(
                        elements(out),
                        out.columns() / w.taps(),
                        w.taps(),
                        w.stride(),
                        w.dilation(),
                        w.start(),
                        x.rows(),
                        x.columns(),
                        firstChannel);
        launcher.elements(set(x.dtype()).codec().unfold(), out.elements(), s, out, x);
    }

    void depthwiseConv1d(Tensor out, Tensor x, Tensor weight, Tensor bias, Conv1d shape) {
        Window w = shape.window();
        int[] s =
                sizes(
                        elements(out),
                        x.columns(),
                        w.taps(),
                        w.stride(),
                        w.dilation(),
                        w.start(),
                        x.rows());
        KernelCode kernel = set(x.dtype()).codec().depthwise();
        launcher.elements(kernel, out.elements(), s, out, x, weight, bias);
    }

    private static int elements(Tensor t) {
        return Math.toIntExact(t.elements());
    }
}
