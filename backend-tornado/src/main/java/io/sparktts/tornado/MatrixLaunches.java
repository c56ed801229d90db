package io.sparktts.tornado;

import static io.sparktts.tornado.Launcher.LANES;
import static io.sparktts.tornado.Launcher.NO_SCALARS;
import static io.sparktts.tornado.Launcher.QUAD;
import static io.sparktts.tornado.Launcher.ROW_LANES;
import static io.sparktts.tornado.Launcher.set;
import static io.sparktts.tornado.Launcher.sizes;

import io.sparktts.backend.DType;
import io.sparktts.backend.Tensor;
import io.sparktts.backend.Weight;
import io.sparktts.tornado.kernel.KernelCode;
import io.sparktts.tornado.kernel.KernelSet;
import io.sparktts.tornado.kernel.KernelSet.QuadSet;
import io.sparktts.tornado.kernel.KernelSet.VectorSet;

import org.jspecify.annotations.Nullable;

/** Matrix products, and what is joined to them. */
final class MatrixLaunches {
    /** Work-items that share a dot product on a GPU. */
    private static final int DOT_LANES = 64;

    /** Elements that a work-group of a GPU makes where each is little work. */
    private static final int ROW_PART = 1024;

    private final Launcher launcher;
    private final Scratch scratch;

    MatrixLaunches(Launcher launcher, Scratch scratch) {
        this.launcher = launcher;
        this.scratch = scratch;
    }

    static Tensor matrix(Weight w) {
        return ((TornadoWeight) w).matrix();
    }

    void linear(Tensor out, Tensor x, Weight weight, @Nullable Tensor bias, boolean byLibrary) {
        if (!byLibrary) {
            ownLinear(out, x, weight, bias);
        } else if (bias == null) {
            launcher.run(MatrixProduct.linear(out, x, matrix(weight)));
        } else {
            // cuBLAS would round the product before it adds to it.
            Tensor product = scratch.get("linear.product", DType.F32, out.rows(), out.columns());
            launcher.run(MatrixProduct.linear(product, x, matrix(weight)));
            KernelSet set = set(bias.dtype());
            QuadSet quads = launcher.shortQuads(bias.dtype(), out.columns(), out, product, bias);
            if (quads != null && out.dtype() == bias.dtype()) {
                int n = Math.toIntExact(out.elements() / QUAD);
                int[] s = sizes(n, out.columns() / QUAD);
                launcher.elements(quads.addBias(), n, s, out, product, bias);
                return;
            }
            launcher.elements(
                    out.dtype() == bias.dtype() ? set.addBias() : set.addBiasWide(),
                    out.elements(),
                    sizes((int) out.elements(), out.columns()),
                    out,
                    product,
                    bias);
        }
    }

    private void ownLinear(Tensor out, Tensor x, Weight weight, @Nullable Tensor bias) {
        int rows = x.rows();
        int in = x.columns();
        int width = weight.outFeatures();
        int most = Integer.MAX_VALUE / (width * ROW_LANES);
        if (!launcher.processor() && rows > most) {
            // A grid counts its work-items in an int.
            for (int from = 0; from < rows; from += most) {
                int count = Math.min(most, rows - from);
                Tensor part = out.view((long) from * width, count, width);
                ownLinear(part, x.view((long) from * in, count, in), weight, bias);
            }
            return;
        }
        Tensor w = matrix(weight);
        Tensor b = bias == null ? x : bias;
        int biased = bias == null ? 0 : 1;
        VectorSet v = out.dtype() == DType.F32 ? launcher.vectors(in, x, w) : null;
        if (v != null) {
            int[] s = sizes(rows, in / LANES, width, biased);
            long features = (width + 3L) / 4;
            if (rows == 1) {
                launcher.rows(v.matvec(), features, s, NO_SCALARS, out, x, w, b);
            } else {
                launcher.rows(v.linear(), features * ((rows + 3) / 4), s, NO_SCALARS, out, x, w, b);
            }
            return;
        }
        KernelSet set = set(x.dtype());
        boolean same = out.dtype() == x.dtype();
        int[] s = sizes(rows, in, width, biased);
        long count = (long) rows * width;
        QuadSet quads = launcher.shortQuads(x.dtype(), in, x, w);
        if (launcher.processor()) {
            launcher.elements(same ? set.linear() : set.linearWide(), count, s, out, x, w, b);
        } else if (quads != null) {
            KernelCode kernel = same ? quads.linear() : quads.linearWide();
            launcher.quadDots(
                    kernel, count, in, sizes(rows, in / QUAD, width, biased), out, x, w, b);
        } else {
            KernelCode kernel = same ? set.group().linear() : set.group().linearWide();
            launcher.groups(kernel, count, DOT_LANES, s, NO_SCALARS, out, x, w, b);
        }
    }

    void swiGlu(Tensor out, Tensor x, Weight gateUp, boolean byLibrary) {
        if (byLibrary) {
            Tensor both = scratch.get("swiGlu.gateUp", x.dtype(), x.rows(), gateUp.outFeatures());
            linear(both, x, gateUp, null, true);
            siluMul(out, both);
        } else {
            ownSwiGlu(out, x, gateUp);
        }
    }

    private void ownSwiGlu(Tensor out, Tensor x, Weight gateUp) {
        int rows = x.rows();
        int in = x.columns();
        int width = out.columns();
        Tensor w = matrix(gateUp);
        VectorSet v = launcher.vectors(in, x, w);
        if (v == null) {
            int[] s = sizes(rows, in, width);
            long count = (long) rows * width;
            QuadSet quads = launcher.shortQuads(x.dtype(), in, x, w);
            if (launcher.processor()) {
                launcher.elements(set(x.dtype()).swiGlu(), count, s, out, x, w);
            } else if (quads != null) {
                int[] ofQuads = sizes(rows, in / QUAD, width);
                launcher.quadDots(quads.swiGlu(), count, in, ofQuads, out, x, w);
            } else {
                KernelCode kernel = set(x.dtype()).group().swiGlu();
                launcher.groups(kernel, count, DOT_LANES, s, NO_SCALARS, out, x, w);
            }
            return;
        }
        int[] s = sizes(rows, in / LANES, width);
        long features = (width + 1L) / 2;
        if (rows == 1) {
            launcher.rows(v.swiGluRow(), features, s, NO_SCALARS, out, x, w);
        } else {
            launcher.rows(v.swiGlu(), features * ((rows + 3) / 4), s, NO_SCALARS, out, x, w);
        }
    }

    void siluMul(Tensor out, Tensor gateUp) {
        int n = out.columns();
        if (!launcher.processor()) {
            int parts = (n + ROW_PART - 1) / ROW_PART;
            QuadSet quads = launcher.shortQuads(out.dtype(), n, out, gateUp);
            KernelCode kernel =
                    quads == null ? set(out.dtype()).group().siluMul() : quads.siluMul();
            int unit = quads == null ? 1 : QUAD;
            int[] s = sizes(parts, ROW_PART / unit, n / unit);
            launcher.groups(
                    kernel, (long) out.rows() * parts, ROW_LANES, s, NO_SCALARS, out, gateUp);
            return;
        }
        VectorSet v = launcher.vectors(n, out, gateUp);
        if (v == null) {
            int[] s = sizes((int) out.elements(), n);
            launcher.elements(set(out.dtype()).siluMul(), out.elements(), s, out, gateUp);
        } else {
            launcher.rows(
                    v.siluMul(), out.rows(), sizes(out.rows(), n / LANES), NO_SCALARS, out, gateUp);
        }
    }
}
