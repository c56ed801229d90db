package io.sparktts.jcuda;

import io.sparktts.backend.DType;
import io.sparktts.backend.Op;
import io.sparktts.backend.Support;
import io.sparktts.backend.Variants;

import java.util.List;

/** Which variants of the operations there are, and where each runs. */
final class CudaVariants {
    /** The fastest that is known here, library or not. */
    static final String FUSED = "fused";

    /** Matrix products by the project's own kernels alone. */
    static final String OWN = "own";

    /** Matrix products by cuBLASLt. */
    static final String CUBLAS_LT = "cublasLt";

    /** Matrix products of float32 tensors with factors rounded to TF32. */
    static final String TF32 = "tf32";

    private CudaVariants() {}

    static List<String> of(Op op) {
        return switch (op) {
            case LINEAR -> List.of(FUSED, OWN, CUBLAS_LT, TF32);
            case SWI_GLU, MLP -> List.of(FUSED, OWN, CUBLAS_LT, TF32, Variants.NAIVE);
            case RMS_NORM,
                    ADD_RMS_NORM,
                    ROTARY,
                    ATTENTION,
                    SILU_MUL,
                    SOFTMAX,
                    SAMPLING_PROBABILITIES,
                    SAMPLE ->
                    List.of(FUSED, Variants.NAIVE);
            case CONV1D, CONV_TRANSPOSE1D, RESIDUAL_UNIT, CONV_NEXT_BLOCK -> List.of(FUSED, TF32);
            default -> List.of(FUSED);
        };
    }

    static Support supports(Op op, DType dtype, String variant, boolean cublasLt) {
        if (!of(op).contains(variant)) {
            return Support.no(op.id() + " has no variant " + variant);
        }
        if (dtype == DType.F64 || dtype == DType.I32) {
            return Support.no(
                    "the jcuda backend computes in float32 or less; use --backend reference for "
                            + dtype.id());
        }
        if (variant.equals(TF32) && dtype != DType.F32) {
            return Support.no("TF32 is a mode of float32 products, not of " + dtype.id());
        }
        if ((variant.equals(TF32) || variant.equals(CUBLAS_LT)) && !cublasLt) {
            return Support.no("cuBLASLt of CUDA 12 or 13 is not on the library path");
        }
        return Support.YES;
    }
}
