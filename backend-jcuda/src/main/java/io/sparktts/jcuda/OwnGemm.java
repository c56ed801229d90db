package io.sparktts.jcuda;

import io.sparktts.backend.Kernels;
import io.sparktts.backend.Tensor;

import jcuda.driver.CUstream;

import org.jspecify.annotations.Nullable;

/** The project's own products of many rows. */
final class OwnGemm {
    private static final int MANY_ROWS = 512;

    private final HopperGemm hopper;
    private final Float32SwiGlu float32SwiGlu;
    private final TiledGemm tiled;
    private final Elementwise elementwise;

    OwnGemm(CudaContext context, Elementwise elementwise) {
        hopper = new HopperGemm(context);
        float32SwiGlu = new Float32SwiGlu(context);
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
        if (hopper.accepts(out, x, weight, residual)) {
            hopper.linear(stream, out, x, weight, bias, residual);
        } else {
            tiled.linear(stream, out, x, weight, bias, residual);
        }
    }

    /**
     * Whether {@link #swiGlu} beats cuBLASLt and a separate activation: on an H200 it does from 512
     * rows on in 16 bits, and where {@link Float32SwiGlu#fits} says so.
     */
    boolean fusesSwiGlu(Tensor out, Tensor x, CudaWeight gateUp) {
        return (x.rows() >= MANY_ROWS && hopper.accepts(out, x, gateUp, null))
                || float32SwiGlu.fits(out, x, gateUp);
    }

    /** {@code out = silu(gate) * up} of {@code x}. */
    void swiGlu(Kernels kernels, CUstream stream, Tensor out, Tensor x, CudaWeight gateUp) {
        if (hopper.accepts(out, x, gateUp, null)) {
            hopper.swiGlu(stream, out, x, gateUp);
            return;
        }
        if (float32SwiGlu.accepts(out, x, gateUp)) {
            float32SwiGlu.run(stream, out, x, gateUp);
            return;
        }
        Tensor both = kernels.scratch("swiGlu.gateUp", x.dtype(), x.rows(), gateUp.outFeatures());
        tiled.linear(stream, both, x, gateUp, null, null);
        elementwise.siluMul(stream, out, both);
    }
}
