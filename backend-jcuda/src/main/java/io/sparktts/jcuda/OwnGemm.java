package io.sparktts.jcuda;

import io.sparktts.backend.Kernels;
import io.sparktts.backend.Tensor;

import jcuda.driver.CUstream;

import org.jspecify.annotations.Nullable;

/** The project's own products of many rows. */
final class OwnGemm {
    private final TiledGemm tiled;
    private final Elementwise elementwise;

    OwnGemm(CudaContext context, Elementwise elementwise) {
        tiled = new TiledGemm(context);
        this.elementwise = elementwise;
    }

    /** {@code out = x W^T + bias + residual}; {@code out} may be {@code residual}. */
    void linear(
            CUstream stream,
            Tensor out,
            Tensor x,
            CudaWeight weight,
            @Nullable Tensor bias,
            @Nullable Tensor residual) {
        tiled.linear(stream, out, x, weight, bias, residual);
    }

    /** {@code out = silu(gate) * up} of {@code x}. */
    void swiGlu(Kernels kernels, CUstream stream, Tensor out, Tensor x, CudaWeight gateUp) {
        Tensor both = kernels.scratch("swiGlu.gateUp", x.dtype(), x.rows(), gateUp.outFeatures());
        tiled.linear(stream, both, x, gateUp, null, null);
        elementwise.siluMul(stream, out, both);
    }
}
