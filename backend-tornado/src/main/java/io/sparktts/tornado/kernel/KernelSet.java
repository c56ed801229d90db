package io.sparktts.tornado.kernel;

import org.jspecify.annotations.Nullable;

/**
 * The kernels of one dtype.
 *
 * @param codec those of the codec
 * @param group those for GPUs, a work-group per row or output
 * @param quad those for GPUs that take four neighbours at once
 * @param vector those that load eight neighbours at once, where the dtype has them
 */
public record KernelSet(
        KernelCode rmsNorm,
        KernelCode addRmsNorm,
        KernelCode softmax,
        KernelCode siluMul,
        KernelCode add,
        KernelCode addBias,
        KernelCode addBiasWide,
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
        QuadSet quad,
        @Nullable VectorSet vector) {
    /** Moves sequences on; of no dtype. */
    public static final KernelCode ADVANCE =
            KernelCode.of(Tokens.class, "advance", Tokens::advance);

    /** Writes 0 to integers; of no dtype. */
    public static final KernelCode ZERO = KernelCode.of(Tokens.class, "zero", Tokens::zero);

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
            KernelCode siluMul,
            KernelCode layerNorm,
            GroupSequenceSet sequence,
            GroupSamplingSet sampling) {}

    /** Kernels for widths and offsets of whole quads. */
    public record QuadSet(
            KernelCode rmsNorm,
            KernelCode addRmsNorm,
            KernelCode linear,
            KernelCode linearWide,
            KernelCode swiGlu,
            KernelCode siluMul,
            KernelCode addBias,
            KernelCode attentionPart,
            KernelCode attentionMerge,
            PromptSet prompt) {}

    /** Those of them for tokens of sequences. */
    public record GroupSequenceSet(
            KernelCode embedding,
            KernelCode gatherRows,
            KernelCode rotary,
            KernelCode cacheWrite,
            KernelCode rotaryWrite,
            KernelCode attention) {}

    /** Kernels beside what a library makes of a prompt's attention. */
    public record PromptSet(
            KernelCode gatherCache,
            KernelCode causalWeights,
            KernelCode divideLive,
            KernelCode placeQueries,
            KernelCode takeAttended) {}

    /** Those of them that narrow a row of logits to candidates. */
    public record GroupSamplingSet(
            KernelCode chunkCut, KernelCode countKept, KernelCode gatherKept) {}

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
