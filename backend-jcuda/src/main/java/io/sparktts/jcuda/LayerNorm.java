package io.sparktts.jcuda;

import io.sparktts.backend.Tensor;
import io.sparktts.backend.Window;

import jcuda.driver.CUstream;

/** Launches {@code LayerNorm.cu}. */
final class LayerNorm {
    private static final String MODULE = "LayerNorm";
    private static final int BLOCK = 256;

    /** Threads per row and vectors of 16 bytes per thread, the smallest first. */
    private static final int[][] TEAMS = {{32, 1}, {32, 4}, {128, 4}, {256, 8}};

    /** Channels per thread of the norm of a depthwise convolution, the smallest first. */
    private static final int[] PER_THREAD = {2, 16};

    private final CudaContext context;

    LayerNorm(CudaContext context) {
        this.context = context;
    }

    /** See {@link io.sparktts.backend.Kernels#layerNorm}. */
    void layerNorm(
            CUstream stream, Tensor out, Tensor x, Tensor weight, Tensor bias, double epsilon) {
        int rows = x.rows();
        int n = x.columns();
        if (rows == 0) {
            return;
        }
        long outAt = CudaBuffer.address(out);
        long xAt = CudaBuffer.address(x);
        long weightAt = CudaBuffer.address(weight);
        long biasAt = CudaBuffer.address(bias);
        float eps = (float) epsilon;
        String dtype = x.dtype().id();
        int width = 16 / x.dtype().bytes();
        if (n % width == 0 && CudaBuffer.aligned16(out, x, weight, bias)) {
            for (int[] team : TEAMS) {
                if (n / width <= team[0] * team[1]) {
                    String entry = "layerNorm_t" + team[0] + "v" + team[1] + "_" + dtype;
                    int blocks = Math.ceilDiv(rows, BLOCK / team[0]);
                    launch(stream, entry, blocks, outAt, xAt, weightAt, biasAt, eps, rows, n);
                    return;
                }
            }
        }
        launch(stream, "layerNorm_any_" + dtype, rows, outAt, xAt, weightAt, biasAt, eps, n);
    }

    /** Whether {@link #depthwise} takes rows of this width. */
    static boolean fuses(int channels) {
        return channels <= PER_THREAD[PER_THREAD.length - 1] * BLOCK;
    }

    /**
     * Convolution of each channel by itself, then the norm of each frame, without rounding between
     * them.
     *
     * @param out {@code [rows, n]}; not {@code x}
     * @param x {@code [frames, n]}
     * @param taps {@code [kernel, n]}
     * @param tapBias {@code [n]}
     */
    void depthwise(
            CUstream stream,
            Tensor out,
            Tensor x,
            Tensor taps,
            Tensor tapBias,
            Window window,
            Tensor weight,
            Tensor bias,
            double epsilon) {
        int n = x.columns();
        if (out.rows() == 0) {
            return;
        }
        int perThread = n <= PER_THREAD[0] * BLOCK ? PER_THREAD[0] : PER_THREAD[1];
        launch(
                stream,
                "depthwiseLayerNorm_p" + perThread + "_" + x.dtype().id(),
                out.rows(),
                CudaBuffer.address(out),
                CudaBuffer.address(x),
                CudaBuffer.address(taps),
                CudaBuffer.address(tapBias),
                CudaBuffer.address(weight),
                CudaBuffer.address(bias),
                (float) epsilon,
                x.rows(),
                n,
                window.taps(),
                window.stride(),
                window.dilation(),
                window.start());
    }

    private void launch(CUstream stream, String entry, int blocks, Object... arguments) {
        context.function(MODULE, entry).launchDependent(stream, blocks, 1, 1, BLOCK, 0, arguments);
    }
}
