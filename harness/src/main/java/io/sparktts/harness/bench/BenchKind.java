package io.sparktts.harness.bench;

import io.sparktts.backend.AttentionShape;
import io.sparktts.backend.Op;
import io.sparktts.backend.Sampling;
import io.sparktts.contract.KernelWorkload;
import io.sparktts.harness.UserError;
import io.sparktts.model.Qwen2Config;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What can be measured: single kernels at the model's widths, and passes of the whole model. */
public enum BenchKind {
    /** Norm of {@code batch * sequence} rows. */
    RMS_NORM("rmsnorm", Op.RMS_NORM, "root mean square norm"),
    /** Residual addition and norm. */
    ADD_RMS_NORM("addrmsnorm", Op.ADD_RMS_NORM, "residual addition and norm of the sum"),
    /** The element-wise part of the MLP. */
    SILU_MUL("silumul", Op.SILU_MUL, "SiLU of the gate times up"),
    /** The SwiGLU MLP. */
    MLP("mlp", Op.MLP, "the SwiGLU MLP"),
    /** Gate and up projection with activation. */
    SWI_GLU("swiglu", Op.SWI_GLU, "gate and up projection with activation"),
    /** Causal attention of whole prompts. */
    ATTENTION("attention", Op.ATTENTION, "causal grouped-query attention of whole prompts"),
    /** Attention of one new token. */
    ATTENTION_DECODE(
            "attention-decode",
            Op.ATTENTION,
            "attention of one new token over a cache of the given length"),
    /** Softmax of rows as wide as the vocabulary. */
    SOFTMAX("softmax", Op.SOFTMAX, "softmax of rows as wide as the vocabulary"),
    /** Temperature, top-k, top-p and the draw. */
    SAMPLING(
            "sampling",
            Op.SAMPLE,
            "temperature, top-k, top-p and the draw of one token per sequence"),
    /** Forward pass with logits of all tokens. */
    FORWARD("forward", Op.FORWARD, "forward pass from an empty cache, logits of all tokens"),
    /** Forward pass with logits of the last tokens. */
    PREFILL(
            "prefill",
            Op.FORWARD,
            "forward pass from an empty cache, logits of the last tokens only"),
    /** One token per sequence. */
    DECODE("decode", Op.DECODE_STEP, "one token per sequence, after a cache of the given length"),
    /** BiCodec's decoder. */
    CODEC(
            "codec",
            Op.RESIDUAL_UNIT,
            "semantic tokens (50 are a second) to a waveform, by a BiCodec of the published sizes"),
    /** An utterance, streamed. */
    SPEECH(
            "speech",
            Op.DECODE_STEP,
            "streamed speech of a known voice: a prompt of 60 tokens, then tokens and audio");

    /** Of an utterance. */
    static final int PROMPT_TOKENS = 60;

    /** Of one semantic token, in wave generator and prenet of the published sizes. */
    private static final double CODEC_MULTIPLY_ADDS = 597.1e6;

    /** Elements of the codec's weights. */
    static final double CODEC_WEIGHTS = 96.3e6;

    /** Operations of a whole model's pass, whose variants its variant string chooses. */
    static final List<Op> MODEL_OPS =
            List.of(
                    Op.EMBEDDING,
                    Op.RMS_NORM,
                    Op.ADD_RMS_NORM,
                    Op.LINEAR,
                    Op.ROTARY,
                    Op.CACHE_WRITE,
                    Op.ATTENTION,
                    Op.SWI_GLU,
                    Op.MLP,
                    Op.ADD,
                    Op.DECODER_LAYER,
                    Op.FORWARD);

    private final String id;
    private final Op op;
    private final String description;

    BenchKind(String id, Op op, String description) {
        this.id = id;
        this.op = op;
        this.description = description;
    }

    /** What the user types. */
    public String id() {
        return id;
    }

    /** The operation whose variants are compared. */
    public Op op() {
        return op;
    }

    /** For {@code --list}. */
    public String description() {
        return description;
    }

    /**
     * The benchmark of that name.
     *
     * @throws UserError naming the valid ones
     */
    public static BenchKind parse(String text) {
        return Arrays.stream(values())
                .filter(k -> k.id.equalsIgnoreCase(text))
                .findFirst()
                .orElseThrow(
                        () ->
                                UserError.usage(
                                        "unknown benchmark '"
                                                + text
                                                + "'; valid: "
                                                + Arrays.stream(values())
                                                        .map(BenchKind::id)
                                                        .collect(Collectors.joining(", "))));
    }

    /** Whether it runs a whole model. */
    public boolean wholeModel() {
        return this == FORWARD || this == PREFILL || this == DECODE || this == SPEECH;
    }

    /** The operations that have to be supported. */
    List<Op> ops() {
        return switch (this) {
            case FORWARD, PREFILL -> MODEL_OPS;
            case DECODE -> with(MODEL_OPS, Op.SAMPLE);
            case SPEECH -> with(MODEL_OPS, Op.SAMPLE, CODEC.op);
            default -> List.of(op);
        };
    }

    private static List<Op> with(List<Op> ops, Op... more) {
        return Stream.concat(ops.stream(), Arrays.stream(more)).toList();
    }

    /** Whether its traffic is that of a copy, rather than mostly reads. */
    boolean writesAsItReads() {
        return this == RMS_NORM || this == ADD_RMS_NORM || this == SILU_MUL || this == SOFTMAX;
    }

    /** The sizes, as tables print them. */
    public String shape(int batch, int sequence, Qwen2Config c) {
        String size = batch + "x" + sequence;
        return switch (this) {
            case RMS_NORM, ADD_RMS_NORM -> size + "x" + c.hiddenSize();
            case SILU_MUL -> size + "x" + c.intermediateSize();
            case MLP, SWI_GLU -> size + "x" + c.hiddenSize() + "x" + c.intermediateSize();
            case ATTENTION, ATTENTION_DECODE ->
                    size + "x" + c.heads() + "/" + c.kvHeads() + "x" + c.headDim();
            case SOFTMAX, SAMPLING -> size + "x" + c.vocabSize();
            case FORWARD, PREFILL, DECODE, CODEC -> size;
            case SPEECH -> PROMPT_TOKENS + "+" + sequence;
        };
    }

    /** Elements of the largest tensor on the host that a row prepares. */
    long largestTensor(int batch, int sequence, Qwen2Config c) {
        long rows = (long) batch * sequence;
        return switch (this) {
            case RMS_NORM, ADD_RMS_NORM -> rows * c.hiddenSize();
            case SILU_MUL -> 2 * rows * c.intermediateSize();
            case MLP, SWI_GLU -> rows * Math.max(c.hiddenSize(), c.intermediateSize());
            case ATTENTION, ATTENTION_DECODE -> rows * (c.heads() + 2L * c.kvHeads()) * c.headDim();
            case SOFTMAX, SAMPLING -> rows * c.vocabSize();
            case FORWARD, PREFILL, DECODE, CODEC, SPEECH -> rows;
        };
    }

    /** The kernel with its inputs and truth; not for whole models. */
    KernelWorkload workload(int batch, int sequence, Qwen2Config c) {
        AttentionShape heads = new AttentionShape(c.heads(), c.kvHeads(), c.headDim());
        return switch (this) {
            case RMS_NORM -> KernelWorkload.rmsNorm(batch, sequence, c.hiddenSize());
            case ADD_RMS_NORM -> KernelWorkload.addRmsNorm(batch, sequence, c.hiddenSize());
            case SILU_MUL -> KernelWorkload.siluMul(batch, sequence, c.intermediateSize());
            case MLP -> KernelWorkload.mlp(batch, sequence, c.hiddenSize(), c.intermediateSize());
            case SWI_GLU ->
                    KernelWorkload.swiGlu(batch, sequence, c.hiddenSize(), c.intermediateSize());
            case ATTENTION -> KernelWorkload.attention(batch, sequence, heads);
            case ATTENTION_DECODE -> KernelWorkload.attentionDecode(batch, sequence, heads);
            case SOFTMAX -> KernelWorkload.softmax(batch * sequence, c.vocabSize());
            case SAMPLING ->
                    KernelWorkload.sampling(batch * sequence, c.vocabSize(), Sampling.SPARK_TTS);
            case FORWARD, PREFILL, DECODE, CODEC, SPEECH ->
                    throw new IllegalStateException(id + " runs a whole model");
        };
    }

    /** Floating-point operations of one call; a multiply-add counts as two. */
    double flops(int batch, int sequence, Qwen2Config c) {
        double rows = (double) batch * sequence;
        double width = (double) c.heads() * c.headDim();
        double pairs = batch * (sequence * (sequence + 1.0) / 2);
        double head = 2.0 * c.vocabSize() * c.hiddenSize();
        return switch (this) {
            case RMS_NORM -> 4 * rows * c.hiddenSize();
            case ADD_RMS_NORM -> 5 * rows * c.hiddenSize();
            case SILU_MUL -> 5 * rows * c.intermediateSize();
            case MLP -> 6 * rows * c.hiddenSize() * c.intermediateSize();
            case SWI_GLU -> 4 * rows * c.hiddenSize() * c.intermediateSize();
            case ATTENTION -> 4 * pairs * width;
            case ATTENTION_DECODE -> 4.0 * batch * (sequence + 1) * width;
            case SOFTMAX -> 5 * rows * c.vocabSize();
            case SAMPLING -> 8 * rows * c.vocabSize();
            case FORWARD -> passFlops(rows, pairs, c) + rows * head;
            case PREFILL -> passFlops(rows, pairs, c) + batch * head;
            case DECODE -> passFlops(batch, batch * (sequence + 1.0), c) + batch * head;
            case CODEC -> 2 * rows * CODEC_MULTIPLY_ADDS;
            case SPEECH ->
                    PREFILL.flops(batch, PROMPT_TOKENS, c)
                            + sequence * DECODE.flops(batch, PROMPT_TOKENS + sequence / 2, c)
                            // A tiny model has a tiny codec.
                            + (c.equals(Qwen2Config.TINY) ? 0 : CODEC.flops(batch, sequence, c));
        };
    }

    /**
     * All layers: matrices, and the scores and values of the attention over {@code pairs} of
     * tokens.
     */
    private static double passFlops(double tokens, double pairs, Qwen2Config c) {
        double attention = 4 * pairs * c.heads() * c.headDim() * c.layers();
        return 2 * tokens * layerWeights(c) * c.layers() + attention;
    }

    /** Elements of one layer's matrices. */
    static double layerWeights(Qwen2Config c) {
        double queries = (double) c.heads() * c.headDim();
        double keysAndValues = 2.0 * c.kvHeads() * c.headDim();
        return c.hiddenSize() * (2 * queries + keysAndValues + 3.0 * c.intermediateSize());
    }
}
