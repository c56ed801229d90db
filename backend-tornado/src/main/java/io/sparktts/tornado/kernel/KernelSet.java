package io.sparktts.tornado.kernel;

import org.jspecify.annotations.Nullable;

/**
 * The kernels of one dtype.
 *
 * @param codec those of the codec
 * @param group those for GPUs, a work-group per row or output
 * @param vector those that load eight neighbours at once, where the dtype has them
 */
public record KernelSet(
        KernelCode rmsNorm,
        KernelCode addRmsNorm,
        KernelCode softmax,
        KernelCode siluMul,
        KernelCode add,
        KernelCode argmax,
        KernelCode embedding,
        KernelCode gatherRows,
        KernelCode linear,
        KernelCode linearWide,
        KernelCode swiGlu,
        KernelCode rotary,
        KernelCode cacheWrite,
        KernelCode attention,
        KernelCode probabilities,
        KernelCode sample,
        CodecSet codec,
        GroupSet group,
        @Nullable VectorSet vector) {
    /** Moves sequences on; of no dtype. */
    public static final KernelCode ADVANCE =
            KernelCode.of(Tokens.class, "advance", Tokens::advance);

    /** Kernels for rows of whole vectors at whole vectors' offsets, a work-item per row or tile. */
    public record VectorSet(
            KernelCode rmsNorm,
            KernelCode addRmsNorm,
            KernelCode softmax,
            KernelCode siluMul,
            KernelCode add,
            KernelCode linear,
            KernelCode matvec,
            KernelCode swiGlu,
            KernelCode swiGluRow,
            KernelCode attention,
            KernelCode read,
            KernelCode scale,
            KernelCode multiplyAdd,
            VectorCodecSet codec) {}

    /** Those of them for the codec. */
    public record VectorCodecSet(
            KernelCode layerNorm,
            KernelCode gelu,
            KernelCode geglu,
            KernelCode snake,
            KernelCode copyColumns,
            KernelCode unfold,
            KernelCode depthwise,
            KernelCode attention) {}

    /** Kernels whose work-items meet in local memory. */
    public record GroupSet(
            KernelCode rmsNorm,
            KernelCode addRmsNorm,
            KernelCode softmax,
            KernelCode linear,
            KernelCode linearWide,
            KernelCode swiGlu,
            KernelCode layerNorm) {}

    /** Kernels of the codec. */
    public record CodecSet(
            KernelCode layerNorm,
            KernelCode gelu,
            KernelCode relu,
            KernelCode sigmoid,
            KernelCode tanh,
            KernelCode geglu,
            KernelCode affine,
            KernelCode snake,
            KernelCode columnMean,
            KernelCode copyColumns,
            KernelCode unfold,
            KernelCode depthwise,
            KernelCode attention) {}
}
