package io.sparktts.backend;

import java.util.Arrays;
import java.util.stream.Collectors;

/** The operations of {@link Kernels}, by their names there. */
public enum Op {
    EMBEDDING("embedding"),
    RMS_NORM("rmsNorm"),
    ADD_RMS_NORM("addRmsNorm"),
    LINEAR("linear"),
    ROTARY("rotary"),
    CACHE_WRITE("cacheWrite"),
    ATTENTION("attention"),
    SILU_MUL("siluMul"),
    SWI_GLU("swiGlu"),
    MLP("mlp"),
    SOFTMAX("softmax"),
    ADD("add"),
    GATHER_ROWS("gatherRows"),
    SAMPLING_PROBABILITIES("samplingProbabilities"),
    SAMPLE("sample"),
    ARGMAX("argmax"),
    ADVANCE("advance"),
    DECODER_LAYER("decoderLayer"),
    FORWARD("forward"),
    DECODE_STEP("decodeStep"),
    LAYER_NORM("layerNorm"),
    ACTIVATION("activation"),
    GEGLU("geglu"),
    AFFINE("affine"),
    COLUMN_MEAN("columnMean"),
    COPY_COLUMNS("copyColumns"),
    BIDIRECTIONAL_ATTENTION("bidirectionalAttention"),
    UNFOLD("unfold"),
    CONV1D("conv1d"),
    DEPTHWISE_CONV1D("depthwiseConv1d"),
    CONV_TRANSPOSE1D("convTranspose1d"),
    SNAKE("snake"),
    RESIDUAL_UNIT("residualUnit"),
    CONV_NEXT_BLOCK("convNextBlock");

    private final String id;

    Op(String id) {
        this.id = id;
    }

    /** The method's name in {@link Kernels}. */
    public String id() {
        return id;
    }

    /**
     * Finds an operation by its method name, in any case.
     *
     * @throws IllegalArgumentException naming the valid ones
     */
    public static Op parse(String text) {
        for (Op op : values()) {
            if (op.id.equalsIgnoreCase(text)) {
                return op;
            }
        }
        throw new IllegalArgumentException(
                "unknown operation '"
                        + text
                        + "'; valid: "
                        + Arrays.stream(values()).map(Op::id).collect(Collectors.joining(", ")));
    }
}
