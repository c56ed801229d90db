package io.sparktts.jcuda;

import io.sparktts.backend.AttentionShape;
import io.sparktts.backend.DType;
import io.sparktts.backend.Kernels;
import io.sparktts.backend.Tensor;

import jcuda.driver.CUstream;

/** The {@code naive} variants, composed of the kernels of {@code NaiveSteps.cu}. */
final class NaiveSteps {
    private static final String MODULE = "NaiveSteps";
    private static final int BLOCK = 256;

    private final CudaContext context;

    NaiveSteps(CudaContext context) {
        this.context = context;
    }

    /**
     * As Hugging Face's Qwen2RMSNorm runs eagerly: to float32, square, mean, plus epsilon,
     * reciprocal root, times it, to the dtype, times the weight.
     */
    void rmsNorm(
            Kernels kernels, CUstream stream, Tensor out, Tensor x, Tensor weight, double epsilon) {
        int rows = x.rows();
        int n = x.columns();
        if (rows == 0) {
            return;
        }
        boolean narrow = x.dtype() != DType.F32;
        Tensor wide = x;
        if (narrow) {
            wide = kernels.scratch("naive.wide", DType.F32, rows, n);
            map(stream, "widen_" + x.dtype().id(), wide, x, n, 0);
        }
        Tensor work = kernels.scratch("naive.work", DType.F32, rows, n);
        Tensor factor = kernels.scratch("naive.factor", DType.F32, rows, 1);
        map(stream, "square_f32", work, wide, n, 0);
        reduce(stream, "sum_f32", factor, work, 1f / n);
        map(stream, "addScalar_f32", factor, factor, 1, (float) epsilon);
        map(stream, "reciprocalRoot_f32", factor, factor, 1, 0);
        zip(stream, "times_f32", work, wide, factor, 1, 0);
        Tensor normed = work;
        if (narrow) {
            normed = kernels.scratch("naive.normed", x.dtype(), rows, n);
            map(stream, "round_" + x.dtype().id(), normed, work, n, 0);
        }
        zip(stream, "times_" + x.dtype().id(), out, normed, weight, 0, 1);
    }

    /** The activation, then the product. */
    void siluMul(Kernels kernels, CUstream stream, Tensor out, Tensor gateUp) {
        int rows = out.rows();
        int n = out.columns();
        if (rows == 0) {
            return;
        }
        Tensor gate = kernels.scratch("naive.gate", out.dtype(), rows, n);
        map(stream, "silu_" + out.dtype().id(), gate, gateUp, 2L * n, 0);
        zip(
                stream,
                "times_" + out.dtype().id(),
                out,
                gate,
                gateUp.view(n, rows * 2L * n - n),
                2L * n,
                1);
    }

    /** To float32, maximum, difference, exponential, sum, quotient, to the dtype. */
    void softmax(Kernels kernels, CUstream stream, Tensor out, Tensor x) {
        int rows = x.rows();
        int n = x.columns();
        if (rows == 0) {
            return;
        }
        boolean narrow = x.dtype() != DType.F32;
        Tensor work = kernels.scratch("naive.work", DType.F32, rows, n);
        Tensor perRow = kernels.scratch("naive.factor", DType.F32, rows, 1);
        Tensor wide = x;
        if (narrow) {
            map(stream, "widen_" + x.dtype().id(), work, x, n, 0);
            wide = work;
        }
        reduce(stream, "maximum_f32", perRow, wide, 1);
        zip(stream, "minus_f32", work, wide, perRow, 1, 0);
        map(stream, "exponential_f32", work, work, n, 0);
        reduce(stream, "sum_f32", perRow, work, 1);
        zip(stream, "over_f32", narrow ? work : out, work, perRow, 1, 0);
        if (narrow) {
            map(stream, "round_" + x.dtype().id(), out, work, n, 0);
        }
    }

    /** Halves swapped and one negated, both products and their sum, each rounded to the dtype. */
    void rotary(
            Kernels kernels,
            CUstream stream,
            Tensor qkv,
            AttentionShape shape,
            Tensor positions,
            Tensor cos,
            Tensor sin) {
        int rows = qkv.rows();
        int turned = (shape.heads() + shape.kvHeads()) * shape.headDim();
        int half = shape.headDim() / 2;
        if (rows == 0) {
            return;
        }
        String suffix = "_" + qkv.dtype().id();
        Tensor swapped = kernels.scratch("naive.swapped", qkv.dtype(), rows, turned);
        Tensor cosines = kernels.scratch("naive.cosines", qkv.dtype(), rows, turned);
        long n = (long) rows * turned;
        long x = CudaBuffer.address(qkv);
        long swappedAt = CudaBuffer.address(swapped);
        long cosinesAt = CudaBuffer.address(cosines);
        long places = CudaBuffer.address(positions);
        int width = shape.qkvWidth();
        launch(stream, "rotateHalf" + suffix, n, swappedAt, x, n, turned, width, half);
        launch(
                stream,
                "timesTable" + suffix,
                n,
                cosinesAt,
                x,
                n,
                turned,
                width,
                half,
                places,
                CudaBuffer.address(cos));
        launch(
                stream,
                "timesTable" + suffix,
                n,
                swappedAt,
                swappedAt,
                n,
                turned,
                turned,
                half,
                places,
                CudaBuffer.address(sin));
        launch(stream, "addInto" + suffix, n, x, cosinesAt, swappedAt, n, turned, width, places);
    }

    /**
     * @param pitch elements between the rows of {@code x}
     */
    private void map(
            CUstream stream, String entry, Tensor out, Tensor x, long pitch, float scalar) {
        launch(
                stream,
                entry,
                out.elements(),
                CudaBuffer.address(out),
                CudaBuffer.address(x),
                out.elements(),
                out.columns(),
                pitch,
                scalar);
    }

    private void zip(
            CUstream stream,
            String entry,
            Tensor out,
            Tensor a,
            Tensor b,
            long rowStride,
            long columnStride) {
        launch(
                stream,
                entry,
                out.elements(),
                CudaBuffer.address(out),
                CudaBuffer.address(a),
                CudaBuffer.address(b),
                out.elements(),
                a.columns(),
                rowStride,
                columnStride);
    }

    private void reduce(CUstream stream, String entry, Tensor out, Tensor x, float scale) {
        context.function(MODULE, entry)
                .launch(
                        stream,
                        x.rows(),
                        1,
                        1,
                        BLOCK,
                        0,
                        CudaBuffer.address(out),
                        CudaBuffer.address(x),
                        x.columns(),
                        scale);
    }

    private void launch(CUstream stream, String entry, long threads, Object... arguments) {
        int blocks = Math.toIntExact((threads + BLOCK - 1) / BLOCK);
        context.function(MODULE, entry).launch(stream, blocks, 1, 1, BLOCK, 0, arguments);
    }
}
