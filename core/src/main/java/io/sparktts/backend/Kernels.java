package io.sparktts.backend;

import org.jspecify.annotations.Nullable;

/**
 * The operations of the model, each queued on one queue of a device. An operation built of others
 * has a default body made of them: a backend starts with the plain ones and overrides what it does
 * better, up to a whole decode step. An override may round less often than its default body, never
 * more.
 *
 * <p>Tensors are row-major; {@code rows} stands for all outer dimensions as one. Outputs never
 * overlap inputs unless said. Unless named otherwise, all float tensors of a call have one dtype.
 */
public interface Kernels {
    /**
     * Scratch memory {@code [rows, columns]}, shared by all calls that use the same name; its
     * content lasts until the next call for that name. The same request returns the same tensor.
     *
     * @throws BackendException inside a recording, if it would have to grow
     */
    Tensor scratch(String name, DType dtype, long rows, long columns);

    /**
     * Token embedding look-up.
     *
     * @param out {@code [tokens, hidden]}
     * @param ids {@code [tokens]} I32, each in {@code [0, vocabulary)}
     */
    void embedding(Tensor out, Tensor ids, Weight table);

    /**
     * Root mean square normalisation (Zhang and Sennrich 2019): {@code out = w * round(x /
     * sqrt(mean(x^2) + eps))}, statistics in float32.
     *
     * @param out {@code [rows, n]}; may be {@code x}
     * @param x {@code [rows, n]}
     * @param weight {@code [n]}
     */
    void rmsNorm(Tensor out, Tensor x, Tensor weight, double epsilon);

    /**
     * Residual addition and normalisation of the sum: {@code residual += x; out =
     * rmsNorm(residual)}.
     *
     * @param out {@code [rows, n]}
     * @param residual {@code [rows, n]}, in and out
     * @param x {@code [rows, n]}
     */
    default void addRmsNorm(Tensor out, Tensor residual, Tensor x, Tensor weight, double epsilon) {
        add(residual, residual, x);
        rmsNorm(out, residual, weight, epsilon);
    }

    /**
     * {@code out = x W^T + bias}, accumulated in float32.
     *
     * @param out {@code [rows, outFeatures]}, of x's dtype or F32
     * @param x {@code [rows, inFeatures]}
     * @param bias {@code [outFeatures]} or null
     */
    void linear(Tensor out, Tensor x, Weight weight, @Nullable Tensor bias);

    /**
     * Rotary position embedding (rotate-half layout) of the queries and keys of joined rows, in
     * place: pair {@code (x[j], x[j + d/2])} of each head turns by the angle of the token's
     * position.
     *
     * @param qkv {@code [tokens, qkvWidth]}: queries, keys, values
     * @param positions {@code [tokens]} I32
     * @param cos {@code [maxPositions, headDim / 2]}, F32 or F64
     * @param sin like {@code cos}
     */
    void rotary(Tensor qkv, AttentionShape shape, Tensor positions, Tensor cos, Tensor sin);

    /**
     * Writes keys and values of joined rows to their places in the cache; tokens that only pad
     * write nothing.
     */
    void cacheWrite(
            KvCache cache, int layer, Tensor qkv, AttentionShape shape, SequenceBatch batch);

    /**
     * Causal grouped-query attention over the cache, into which this step's keys and values were
     * written: token {@code t} sees positions {@code 0..positions[t]} of its sequence. Scale {@code
     * 1 / sqrt(headDim)}, softmax in float32. Prefill, chunked prefill and decode alike.
     *
     * @param out {@code [tokens, queryWidth]}; rows of padding stay as they are
     * @param qkv {@code [tokens, qkvWidth]}, of which the queries are read
     */
    void attention(
            Tensor out,
            Tensor qkv,
            KvCache cache,
            int layer,
            AttentionShape shape,
            SequenceBatch batch);

    /**
     * {@code out = silu(gate) * up}.
     *
     * @param out {@code [rows, n]}
     * @param gateUp {@code [rows, 2n]}: gate, then up
     */
    void siluMul(Tensor out, Tensor gateUp);

    /**
     * Gate and up projection with activation (SwiGLU, Shazeer 2020).
     *
     * @param out {@code [rows, intermediate]}
     * @param x {@code [rows, hidden]}
     */
    default void swiGlu(Tensor out, Tensor x, Weight gateUp) {
        Tensor both = scratch("swiGlu.gateUp", x.dtype(), x.rows(), gateUp.outFeatures());
        linear(both, x, gateUp, null);
        siluMul(out, both);
    }

    /**
     * The SwiGLU MLP: {@code out = down(silu(gate(x)) * up(x))}.
     *
     * @param out {@code [rows, hidden]}
     * @param x {@code [rows, hidden]}
     */
    default void mlp(Tensor out, Tensor x, Weight gateUp, Weight down) {
        Tensor inner = scratch("mlp.inner", x.dtype(), x.rows(), down.inFeatures());
        swiGlu(inner, x, gateUp);
        linear(out, inner, down, null);
    }

    /** Softmax of each row, in float32: {@code out} and {@code x} are {@code [rows, n]}. */
    void softmax(Tensor out, Tensor x);

    /** {@code out = a + b}, equal shapes; {@code out} may be either. */
    void add(Tensor out, Tensor a, Tensor b);

    /**
     * Copies the last live row of each sequence: {@code out[b] = x[tokenOffsets[b + 1] - 1]}.
     *
     * @param out {@code [batch, n]}
     * @param x {@code [tokens, n]}
     */
    void gatherRows(Tensor out, Tensor x, SequenceBatch batch);

    /**
     * Probabilities after temperature, top-k and top-p in Hugging Face's order; what was cut is 0.
     *
     * @param out {@code [rows, vocabulary]} F32 (F64 beside F64 logits)
     * @param logits {@code [rows, vocabulary]}
     */
    void samplingProbabilities(Tensor out, Tensor logits, Sampling sampling);

    /**
     * Chooses a token per row: the first index whose running probability exceeds {@code u} times
     * the total, with {@code u} from {@link Philox}; or the largest logit. Advances the position of
     * the draw.
     *
     * @param tokens {@code [rows]} I32: out
     * @param logits {@code [rows, vocabulary]}
     * @param random {@code [rows, 4]} I32: seed low, seed high, sequence, position
     */
    void sample(Tensor tokens, Tensor logits, Sampling sampling, Tensor random);

    /**
     * Index of the largest element of each row, the first of equals: {@code [rows]} I32 of {@code
     * [rows, n]}.
     */
    void argmax(Tensor tokens, Tensor x);

    /**
     * After a decode step: every position and cache length of a sequence that is not padding grows
     * by one.
     */
    void advance(SequenceBatch batch);

    /**
     * One Qwen2 decoder layer, {@code hidden} in and out.
     *
     * @param hidden {@code [tokens, hidden]}
     */
    default void decoderLayer(
            ModelWeights model, int layer, Tensor hidden, SequenceBatch batch, KvCache cache) {
        LayerWeights w = model.layers().get(layer);
        DType dtype = hidden.dtype();
        AttentionShape shape = model.shape();
        int rows = hidden.rows();
        int width = hidden.columns();
        Tensor normed = scratch("layer.normed", dtype, rows, width);
        Tensor qkv = scratch("layer.qkv", dtype, rows, shape.qkvWidth());
        Tensor attended = scratch("layer.attended", dtype, rows, shape.queryWidth());
        Tensor branch = scratch("layer.branch", dtype, rows, width);
        rmsNorm(normed, hidden, w.inputNorm(), model.rmsNormEpsilon());
        linear(qkv, normed, w.qkv(), w.qkvBias());
        rotary(qkv, shape, batch.positions(), model.cos(), model.sin());
        cacheWrite(cache, layer, qkv, shape, batch);
        attention(attended, qkv, cache, layer, shape, batch);
        linear(branch, attended, w.output(), null);
        addRmsNorm(normed, hidden, branch, w.postAttentionNorm(), model.rmsNormEpsilon());
        mlp(branch, normed, w.gateUp(), w.down());
        add(hidden, hidden, branch);
    }

    /**
     * Embedding, all layers and the final norm.
     *
     * @param out {@code [tokens, hidden]}: the normalised final hidden state
     * @param ids {@code [tokens]} I32
     */
    default void forward(
            ModelWeights model, Tensor out, Tensor ids, SequenceBatch batch, KvCache cache) {
        Tensor hidden = scratch("forward.hidden", out.dtype(), out.rows(), out.columns());
        embedding(hidden, ids, model.embedding());
        for (int layer = 0; layer < model.layers().size(); layer++) {
            decoderLayer(model, layer, hidden, batch, cache);
        }
        rmsNorm(out, hidden, model.finalNorm(), model.rmsNormEpsilon());
    }

    /** One token of every sequence: forward, head, sampling, and the positions moved on. */
    default void decodeStep(ModelWeights model, StepState state) {
        Tensor normed =
                scratch(
                        "decodeStep.normed",
                        model.dtype(),
                        state.tokens().elements(),
                        model.hidden());
        forward(model, normed, state.tokens(), state.batch(), state.cache());
        linear(state.logits(), normed, model.head(), model.headBias());
        sample(state.tokens(), state.logits(), state.sampling(), state.random());
        advance(state.batch());
    }

    // The codec: frames are rows, channels are columns.

    /**
     * Layer normalisation (Ba, Kiros and Hinton 2016): {@code out = (x - mean) / sqrt(variance +
     * eps) * weight + bias}, statistics in float32. AdaLayerNorm is this with the speaker's scale
     * and shift as weight and bias.
     *
     * @param out {@code [rows, n]}; may be {@code x}
     * @param x {@code [rows, n]}
     * @param weight {@code [n]}
     * @param bias {@code [n]}
     */
    void layerNorm(Tensor out, Tensor x, Tensor weight, Tensor bias, double epsilon);

    /** A function of each element; {@code out} may be {@code x}. */
    void activation(Tensor out, Tensor x, Activation function);

    /**
     * {@code out = value * gelu(gate)}.
     *
     * @param out {@code [rows, n]}
     * @param valueGate {@code [rows, 2n]}: value, then gate
     */
    void geglu(Tensor out, Tensor valueGate);

    /**
     * {@code out = x * scale + shift}, per column: batch normalisation with known statistics, or a
     * gate.
     *
     * @param out {@code [rows, n]}; may be {@code x}
     * @param x {@code [rows, n]}
     * @param scale {@code [n]}
     * @param shift {@code [n]} or null
     */
    void affine(Tensor out, Tensor x, Tensor scale, @Nullable Tensor shift);

    /**
     * Mean over the rows.
     *
     * @param out {@code [1, n]}
     * @param x {@code [rows, n]}
     */
    void columnMean(Tensor out, Tensor x);

    /**
     * {@code out[:, outColumn + i] = x[:, xColumn + i]} for {@code i < columns}; the other columns
     * stay. Rows of {@code out} and {@code x} are equal in number.
     */
    void copyColumns(Tensor out, int outColumn, Tensor x, int xColumn, int columns);

    /**
     * Attention of every query over every key, each head by itself; scale {@code 1 /
     * sqrt(headDim)}, softmax in float32.
     *
     * @param out {@code [queries, heads * headDim]}
     * @param q {@code [queries, heads * headDim]}
     * @param k {@code [positions, heads * headDim]}
     * @param v {@code [positions, heads * headDim]}
     */
    void bidirectionalAttention(Tensor out, Tensor q, Tensor k, Tensor v, int heads);

    /**
     * The frames that a convolution sees, side by side: {@code out[t, tap * n + c] = x[frame(t,
     * tap), firstChannel + c]}, zero outside of {@code x}.
     *
     * @param out {@code [rows, taps * n]}
     * @param x {@code [frames, channels]}, {@code channels >= firstChannel + n}
     */
    void unfold(Tensor out, Tensor x, Window window, int firstChannel);

    /**
     * Convolution over time.
     *
     * @param out {@code [shape.frames(frames), outChannels]}, of x's dtype or F32
     * @param x {@code [frames, channels]}
     * @param weight {@code [outChannels, kernel * channels]}, the channels of a tap adjacent
     * @param bias {@code [outChannels]} or null
     */
    default void conv1d(Tensor out, Tensor x, Weight weight, @Nullable Tensor bias, Conv1d shape) {
        Tensor seen = scratch("conv1d.seen", x.dtype(), out.rows(), weight.inFeatures());
        unfold(seen, x, shape.window(), 0);
        linear(out, seen, weight, bias);
    }

    /**
     * Convolution over time of each channel by itself.
     *
     * @param out {@code [shape.frames(frames), channels]}
     * @param x {@code [frames, channels]}
     * @param weight {@code [kernel, channels]}
     * @param bias {@code [channels]}
     */
    void depthwiseConv1d(Tensor out, Tensor x, Tensor weight, Tensor bias, Conv1d shape);

    /**
     * Transposed convolution over time.
     *
     * @param out {@code [shape.frames(frames), outChannels]}
     * @param x {@code [frames, channels]}
     * @param weight {@code [stride * outChannels, taps * channels]}: row {@code p * outChannels +
     *     o}, column {@code j * channels + c} holds the published {@code [c, o, p + (taps - 1 - j)
     *     * stride]}, zero past the kernel
     * @param bias {@code [stride * outChannels]}: the published one {@code stride} times
     */
    default void convTranspose1d(
            Tensor out, Tensor x, Weight weight, Tensor bias, ConvTranspose1d shape) {
        int rows = shape.rows(x.rows());
        Tensor seen = scratch("convTranspose1d.seen", x.dtype(), rows, weight.inFeatures());
        Tensor whole = scratch("convTranspose1d.whole", x.dtype(), rows, weight.outFeatures());
        unfold(seen, x, shape.window(), 0);
        linear(whole, seen, weight, bias);
        long cut = (long) shape.padding() * out.columns();
        Tensor live = whole.view(cut, out.rows(), out.columns());
        copyColumns(out, 0, live, 0, out.columns());
    }

    /**
     * {@code out = x + sin(alpha x)^2 / (alpha + 1e-9)} (Ziyin, Hartwig and Ueda 2020).
     *
     * @param out {@code [rows, channels]}; may be {@code x}
     * @param x {@code [rows, channels]}
     * @param alpha {@code [channels]}
     */
    void snake(Tensor out, Tensor x, Tensor alpha);

    /**
     * {@code out = x + conv2(snake2(conv1(snake1(x))))}.
     *
     * @param out {@code [frames, channels]}; not {@code x}
     * @param x {@code [frames, channels]}
     */
    default void residualUnit(Tensor out, Tensor x, ResidualUnitWeights w) {
        Tensor active = scratch("residualUnit.active", x.dtype(), x.rows(), x.columns());
        snake(active, x, w.alpha1());
        conv1d(out, active, w.conv1(), w.bias1(), w.shape1());
        snake(out, out, w.alpha2());
        linear(active, out, w.conv2(), w.bias2());
        add(out, active, x);
    }

    /**
     * {@code x += contract(gelu(expand(norm(depthwise(x)))))}.
     *
     * @param x {@code [frames, C]}, in and out
     * @param normWeight {@code [C]}: the block's own or the speaker's
     * @param normBias like {@code normWeight}
     */
    default void convNextBlock(
            Tensor x, ConvNextWeights w, Tensor normWeight, Tensor normBias, double epsilon) {
        int rows = x.rows();
        Tensor mixed = scratch("convNext.mixed", x.dtype(), rows, x.columns());
        Tensor wide = scratch("convNext.wide", x.dtype(), rows, w.expand().outFeatures());
        Conv1d shape = Conv1d.same(w.depthwise().rows(), 1);
        depthwiseConv1d(mixed, x, w.depthwise(), w.depthwiseBias(), shape);
        layerNorm(mixed, mixed, normWeight, normBias, epsilon);
        linear(wide, mixed, w.expand(), w.expandBias());
        activation(wide, wide, Activation.GELU);
        linear(mixed, wide, w.contract(), w.contractBias());
        add(x, x, mixed);
    }
}
