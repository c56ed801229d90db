package io.sparktts.jcuda;

import io.sparktts.backend.DType;
import io.sparktts.backend.Tensor;

import jcuda.driver.CUstream;

import org.jspecify.annotations.Nullable;

/** Launches {@code TiledGemm.cu}: products of any size and alignment. */
final class TiledGemm {
    private static final int TILE = 64;

    private final CudaContext context;

    TiledGemm(CudaContext context) {
        this.context = context;
    }

    /** {@code out = x W^T + bias + residual}; {@code out} may be {@code residual}. */
    void linear(
            CUstream stream,
            Tensor out,
            Tensor x,
            CudaWeight weight,
            @Nullable Tensor bias,
            @Nullable Tensor residual) {
        int m = x.rows();
        int n = weight.outFeatures();
        context.function("TiledGemm", "linear_" + x.dtype().id() + "_" + out.dtype().id())
                .launch(
                        stream,
                        (n + TILE - 1) / TILE,
                        (m + TILE - 1) / TILE,
                        1,
                        x.dtype() == DType.F32 ? 256 : 128,
                        0,
                        CudaBuffer.address(out),
                        CudaBuffer.address(x),
                        weight.address(),
                        CudaBuffer.addressOrNull(bias),
                        CudaBuffer.addressOrNull(residual),
                        m,
                        n,
                        weight.inFeatures(),
                        weight.pitch());
    }
}
