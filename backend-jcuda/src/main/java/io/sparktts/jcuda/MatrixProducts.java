package io.sparktts.jcuda;

import io.sparktts.backend.BackendException;
import io.sparktts.backend.DType;
import io.sparktts.backend.Kernels;
import io.sparktts.backend.Op;
import io.sparktts.backend.Tensor;
import io.sparktts.backend.Variants;

import org.jspecify.annotations.Nullable;

/** Chooses who multiplies: the kernels for a few rows, the project's own GEMM, or cuBLASLt. */
final class MatrixProducts {
    private final CudaOperations operations;
    private final CudaStream stream;
    private final CudaScratch scratch;
    private final Kernels kernels;
    private final String linear;
    private final String swiGlu;
    private final String mlp;

    MatrixProducts(
            CudaOperations operations,
            CudaStream stream,
            CudaScratch scratch,
            Kernels kernels,
            Variants variants) {
        this.operations = operations;
        this.stream = stream;
        this.scratch = scratch;
        this.kernels = kernels;
        linear = variants.choose(Op.LINEAR, CudaVariants.of(Op.LINEAR));
        swiGlu = variants.choose(Op.SWI_GLU, CudaVariants.of(Op.SWI_GLU));
        mlp = variants.choose(Op.MLP, CudaVariants.of(Op.MLP));
    }

    /** Whether products of a few rows are left to the kernels made for them. */
    boolean prefersFewRows() {
        return !linear.equals(CudaVariants.CUBLAS_LT) && !linear.equals(CudaVariants.TF32);
    }

    /** {@code out = x W^T + bias + residual}; {@code out} may be {@code residual}. */
    void linear(
            Tensor out,
            Tensor x,
            CudaWeight weight,
            @Nullable Tensor bias,
            @Nullable Tensor residual) {
        product(linear, out, x, weight, bias, residual);
    }

    /** As {@link #linear}, in a variant of an operation that multiplies inside. */
    void product(
            String variant,
            Tensor out,
            Tensor x,
            CudaWeight weight,
            @Nullable Tensor bias,
            @Nullable Tensor residual) {
        if (x.rows() == 0) {
            return;
        }
        boolean library =
                variant.equals(CudaVariants.CUBLAS_LT) || variant.equals(CudaVariants.TF32);
        if (!library && operations.fewRows().accepts(x, weight)) {
            operations.fewRows().linear(stream, out, x, weight, bias, residual, null, 0);
            return;
        }
        boolean wanted =
                library
                        || (variant.equals(CudaVariants.FUSED)
                                && operations.cublasLt().isPresent());
        if (wanted
                && byLibrary(out, x, weight, bias, residual, variant.equals(CudaVariants.TF32))) {
            return;
        }
        operations.gemm().linear(stream, out, x, weight, bias, residual);
    }

    private boolean byLibrary(
            Tensor out,
            Tensor x,
            CudaWeight weight,
            @Nullable Tensor bias,
            @Nullable Tensor residual,
            boolean tf32) {
        CublasLt library =
                operations
                        .cublasLt()
                        .orElseThrow(
                                () ->
                                        new BackendException(
                                                "cuBLASLt of CUDA 12 or 13 is not on the library"
                                                        + " path"));
        Tensor workspace =
                scratch.get("cublasLt.workspace", DType.I32, 1, CublasLt.WORKSPACE_BYTES / 4);
        return library.linear(
                stream, out, x, weight, bias, residual, tf32, (CudaBuffer) workspace.buffer());
    }

    void swiGlu(Tensor out, Tensor x, CudaWeight gateUp) {
        activated(swiGlu, out, x, gateUp);
    }

    /** The first half of an MLP. */
    void mlpInner(Tensor out, Tensor x, CudaWeight gateUp) {
        activated(mlp, out, x, gateUp);
    }

    /** The second half of an MLP. */
    void mlpDown(Tensor out, Tensor inner, CudaWeight down, @Nullable Tensor residual) {
        product(mlp, out, inner, down, null, residual);
    }

    private void activated(String variant, Tensor out, Tensor x, CudaWeight gateUp) {
        if (x.rows() == 0) {
            return;
        }
        boolean library =
                variant.equals(CudaVariants.CUBLAS_LT) || variant.equals(CudaVariants.TF32);
        if (!library && operations.fewRows().fuses(x, gateUp)) {
            operations.fewRows().swiGlu(stream, out, x, gateUp, null, 0);
        } else if (library
                || (variant.equals(CudaVariants.FUSED)
                        && operations.cublasLt().isPresent()
                        && !operations.gemm().fusesSwiGlu(out, x, gateUp))) {
            Tensor both = scratch.get("swiGlu.gateUp", x.dtype(), x.rows(), gateUp.outFeatures());
            product(variant, both, x, gateUp, null, null);
            operations.elementwise().siluMul(stream, out, both);
        } else {
            operations.gemm().swiGlu(kernels, stream, out, x, gateUp);
        }
    }
}
