package io.sparktts.jcuda;

import io.sparktts.backend.Tensor;
import io.sparktts.backend.Window;

import jcuda.driver.CUstream;

import org.jspecify.annotations.Nullable;

/** Launches {@code Convolution.cu}. */
final class Convolution {
    private static final String MODULE = "Convolution";
    private static final int BLOCK = 256;

    /** Taps that a thread of the unfolding writes. */
    private static final int TAPS = 8;

    /** Output channels up to which a warp for each output is faster than a matrix product. */
    static final int MOST_NARROW = 2;

    private final CudaContext context;

    Convolution(CudaContext context) {
        this.context = context;
    }

    /**
     * See {@link io.sparktts.backend.Kernels#unfold}; of {@code snake(x)} where {@code alpha} is
     * given.
     *
     * @param alpha {@code [n]}, with {@code firstChannel} 0, or null
     */
    void unfold(
            CUstream stream,
            Tensor out,
            Tensor x,
            @Nullable Tensor alpha,
            Window window,
            int firstChannel) {
        int rows = out.rows();
        int n = out.columns() / window.taps();
        if (rows == 0) {
            return;
        }
        int width = 16 / x.dtype().bytes();
        boolean wide =
                n % width == 0
                        && firstChannel % width == 0
                        && x.columns() % width == 0
                        && CudaBuffer.aligned16(out, x)
                        && (alpha == null || CudaBuffer.aligned16(alpha));
        long seen = (rows - 1L) * window.stride() + (window.taps() - 1L) * window.dilation() + 1;
        long threads = seen * (wide ? n / width : n);
        context.function(
                        MODULE,
                        (alpha == null ? "unfold" : "unfoldSnake")
                                + (wide ? "Wide_" : "_")
                                + x.dtype().id())
                .launchDependent(
                        stream,
                        Math.toIntExact(Math.ceilDiv(threads, BLOCK)),
                        Math.ceilDiv(window.taps(), TAPS),
                        1,
                        BLOCK,
                        0,
                        CudaBuffer.address(out),
                        CudaBuffer.address(x),
                        CudaBuffer.addressOrNull(alpha),
                        x.rows(),
                        x.columns(),
                        firstChannel,
                        rows,
                        n,
                        window.taps(),
                        window.stride(),
                        window.dilation(),
                        window.start());
    }

    /** See {@link io.sparktts.backend.Kernels#depthwiseConv1d}. */
    void depthwise(
            CUstream stream, Tensor out, Tensor x, Tensor weight, Tensor bias, Window window) {
        context.function(MODULE, "depthwise_" + x.dtype().id())
                .launchThreads(
                        stream,
                        out.elements(),
                        BLOCK,
                        CudaBuffer.address(out),
                        CudaBuffer.address(x),
                        CudaBuffer.address(weight),
                        CudaBuffer.address(bias),
                        x.rows(),
                        out.rows(),
                        out.columns(),
                        window.taps(),
                        window.stride(),
                        window.dilation(),
                        window.start());
    }

    /** See {@link io.sparktts.backend.Kernels#conv1d}: a warp computes an output. */
    void narrow(
            CUstream stream,
            Tensor out,
            Tensor x,
            CudaWeight weight,
            @Nullable Tensor bias,
            Window window) {
        String name = out.dtype() == x.dtype() ? "narrow_" : "narrowToF32_";
        context.function(MODULE, name + x.dtype().id())
                .launchThreads(
                        stream,
                        32 * out.elements(),
                        BLOCK,
                        CudaBuffer.address(out),
                        CudaBuffer.address(x),
                        weight.address(),
                        CudaBuffer.addressOrNull(bias),
                        x.rows(),
                        x.columns(),
                        out.rows(),
                        weight.outFeatures(),
                        weight.pitch(),
                        window.taps(),
                        window.stride(),
                        window.dilation(),
                        window.start());
    }
}
