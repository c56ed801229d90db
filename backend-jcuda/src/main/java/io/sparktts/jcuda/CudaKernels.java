package io.sparktts.jcuda;

import io.sparktts.backend.Activation;
import io.sparktts.backend.AttentionShape;
import io.sparktts.backend.Conv1d;
import io.sparktts.backend.ConvNextWeights;
import io.sparktts.backend.ConvTranspose1d;
import io.sparktts.backend.DType;
import io.sparktts.backend.Kernels;
import io.sparktts.backend.KvCache;
import io.sparktts.backend.LayerWeights;
import io.sparktts.backend.ModelWeights;
import io.sparktts.backend.Op;
import io.sparktts.backend.ResidualUnitWeights;
import io.sparktts.backend.Sampling;
import io.sparktts.backend.SequenceBatch;
import io.sparktts.backend.StepState;
import io.sparktts.backend.Tensor;
import io.sparktts.backend.Variants;
import io.sparktts.backend.Weight;
import io.sparktts.backend.Window;

import org.jspecify.annotations.Nullable;

import java.util.List;

/** The operations on one stream, each in the variant chosen for it. */
final class CudaKernels implements Kernels {
    /** Operations that a layer of fused kernels has no separate call for. */
    private static final List<Op> FUSED_IN_LAYER =
            List.of(Op.RMS_NORM, Op.ADD_RMS_NORM, Op.ROTARY, Op.ATTENTION, Op.SILU_MUL);

    private final CudaOperations operations;
    private final CudaStream stream;
    private final CudaScratch scratch;
    private final MatrixProducts products;
    private final CodecOperations codec;
    private final boolean naiveRmsNorm;
    private final boolean naiveAddRmsNorm;
    private final boolean naiveRotary;
    private final boolean naiveSiluMul;
    private final boolean naiveSwiGlu;
    private final boolean naiveMlp;
    private final boolean naiveSoftmax;
    private final boolean naiveProbabilities;
    private final boolean naiveSample;
    private final String attention;
    private final boolean fusedLayer;

    CudaKernels(
            CudaOperations operations, CudaStream stream, CudaScratch scratch, Variants variants) {
        this.operations = operations;
        this.stream = stream;
        this.scratch = scratch;
        products = new MatrixProducts(operations, stream, scratch, this, variants);
        codec = new CodecOperations(operations, stream, this, products, variants);
        naiveRmsNorm = naive(variants, Op.RMS_NORM);
        naiveAddRmsNorm = naive(variants, Op.ADD_RMS_NORM);
        naiveRotary = naive(variants, Op.ROTARY);
        naiveSiluMul = naive(variants, Op.SILU_MUL);
        naiveSwiGlu = naive(variants, Op.SWI_GLU);
        naiveMlp = naive(variants, Op.MLP);
        naiveSoftmax = naive(variants, Op.SOFTMAX);
        naiveProbabilities = naive(variants, Op.SAMPLING_PROBABILITIES);
        naiveSample = naive(variants, Op.SAMPLE);
        attention = variants.choose(Op.ATTENTION, CudaVariants.of(Op.ATTENTION));
        fusedLayer =
                FUSED_IN_LAYER.stream().noneMatch(op -> naive(variants, op))
                        && !naiveSwiGlu
                        && !naiveMlp;
    }

    private static boolean naive(Variants variants, Op op) {
        return variants.choose(op, CudaVariants.of(op)).equals(Variants.NAIVE);
    }

    @Override
    public Tensor scratch(String name, DType dtype, long rows, long columns) {
        return scratch.get(name, dtype, rows, columns);
    }

    @Override
    public void embedding(Tensor out, Tensor ids, Weight table) {
        operations.sequences().embedding(stream, out, ids, (CudaWeight) table);
    }

    @Override
    public void rmsNorm(Tensor out, Tensor x, Tensor weight, double epsilon) {
        if (naiveRmsNorm) {
            operations.naive().rmsNorm(this, stream, out, x, weight, epsilon);
        } else {
            operations.rmsNorm().rmsNorm(stream, out, x, weight, epsilon);
        }
    }

    @Override
    public void addRmsNorm(Tensor out, Tensor residual, Tensor x, Tensor weight, double epsilon) {
        if (naiveAddRmsNorm) {
            Kernels.super.addRmsNorm(out, residual, x, weight, epsilon);
        } else {
            operations.rmsNorm().addRmsNorm(stream, out, residual, x, weight, epsilon);
        }
    }

    @Override
    public void linear(Tensor out, Tensor x, Weight weight, @Nullable Tensor bias) {
        products.linear(out, x, (CudaWeight) weight, bias, null);
    }

    @Override
    public void rotary(Tensor qkv, AttentionShape shape, Tensor positions, Tensor cos, Tensor sin) {
        if (naiveRotary) {
            operations.naive().rotary(this, stream, qkv, shape, positions, cos, sin);
        } else {
            operations.sequences().rotary(stream, qkv, shape, positions, cos, sin);
        }
    }

    @Override
    public void cacheWrite(
            KvCache cache, int layer, Tensor qkv, AttentionShape shape, SequenceBatch batch) {
        operations.sequences().cacheWrite(stream, (CudaKvCache) cache, layer, qkv, shape, batch);
    }

    @Override
    public void attention(
            Tensor out,
            Tensor qkv,
            KvCache cache,
            int layer,
            AttentionShape shape,
            SequenceBatch batch) {
        operations
                .attention()
                .run(
                        this,
                        stream,
                        attention,
                        out,
                        qkv,
                        (CudaKvCache) cache,
                        layer,
                        shape,
                        batch,
                        scratch);
    }

    @Override
    public void siluMul(Tensor out, Tensor gateUp) {
        if (naiveSiluMul) {
            operations.naive().siluMul(this, stream, out, gateUp);
        } else {
            operations.elementwise().siluMul(stream, out, gateUp);
        }
    }

    @Override
    public void swiGlu(Tensor out, Tensor x, Weight gateUp) {
        if (naiveSwiGlu) {
            naiveSwiGlu(out, x, gateUp);
        } else {
            products.swiGlu(out, x, (CudaWeight) gateUp);
        }
    }

    /** Two products, the activation and the multiplication, each rounded to the dtype. */
    private void naiveSwiGlu(Tensor out, Tensor x, Weight gateUp) {
        Tensor both = scratch("swiGlu.gateUp", x.dtype(), x.rows(), gateUp.outFeatures());
        products.linear(both, x, (CudaWeight) gateUp, null, null);
        operations.naive().siluMul(this, stream, out, both);
    }

    @Override
    public void mlp(Tensor out, Tensor x, Weight gateUp, Weight down) {
        Tensor inner = scratch("mlp.inner", x.dtype(), x.rows(), down.inFeatures());
        if (naiveMlp) {
            naiveSwiGlu(inner, x, gateUp);
        } else {
            products.mlpInner(inner, x, (CudaWeight) gateUp);
        }
        products.mlpDown(out, inner, (CudaWeight) down, null);
    }

    @Override
    public void softmax(Tensor out, Tensor x) {
        if (naiveSoftmax) {
            operations.naive().softmax(this, stream, out, x);
        } else {
            operations.softmax().run(stream, out, x);
        }
    }

    @Override
    public void add(Tensor out, Tensor a, Tensor b) {
        operations.elementwise().add(stream, out, a, b);
    }

    @Override
    public void gatherRows(Tensor out, Tensor x, SequenceBatch batch) {
        operations.sequences().gatherRows(stream, out, x, batch);
    }

    @Override
    public void samplingProbabilities(Tensor out, Tensor logits, Sampling sampling) {
        if (naiveProbabilities) {
            operations.naiveSampling().probabilities(this, stream, out, logits, sampling);
        } else {
            operations.sampling().probabilities(this, stream, scratch, out, logits, sampling);
        }
    }

    @Override
    public void sample(Tensor tokens, Tensor logits, Sampling sampling, Tensor random) {
        if (naiveSample && !sampling.greedy()) {
            operations.naiveSampling().sample(this, stream, tokens, logits, sampling, random);
        } else {
            operations.sampling().sample(this, stream, scratch, tokens, logits, sampling, random);
        }
    }

    @Override
    public void argmax(Tensor tokens, Tensor x) {
        operations.sampling().argmax(this, stream, scratch, tokens, x);
    }

    @Override
    public void advance(SequenceBatch batch) {
        operations.sequences().advance(stream, batch);
    }

    /** Whether a step of these rows reads weights once, with all that it can fuse. */
    private boolean fewRows(ModelWeights model, Tensor hidden) {
        LayerWeights l = model.layers().getFirst();
        return fusedLayer
                && products.prefersFewRows()
                && FewRows.rotates(model.shape())
                && fuses(hidden, l.qkv())
                && fuses(hidden, l.gateUp())
                && l.output().inFeatures() % 8 == 0
                && l.down().inFeatures() % 8 == 0;
    }

    private boolean fuses(Tensor hidden, Weight weight) {
        return operations.fewRows().fuses(hidden, (CudaWeight) weight);
    }

    @Override
    public void decoderLayer(
            ModelWeights model, int layer, Tensor hidden, SequenceBatch batch, KvCache cache) {
        if (!fusedLayer) {
            Kernels.super.decoderLayer(model, layer, hidden, batch, cache);
        } else if (fewRows(model, hidden)) {
            fewRowsLayer(model, layer, hidden, batch, (CudaKvCache) cache);
        } else {
            manyRowsLayer(model, layer, hidden, batch, (CudaKvCache) cache);
        }
    }

    /** Norm, rotation and cache write inside the products, and residuals added by them. */
    private void fewRowsLayer(
            ModelWeights model, int layer, Tensor hidden, SequenceBatch batch, CudaKvCache cache) {
        LayerWeights w = model.layers().get(layer);
        AttentionShape shape = model.shape();
        DType dtype = hidden.dtype();
        int rows = hidden.rows();
        double epsilon = model.rmsNormEpsilon();
        Tensor qkv = scratch("layer.qkv", dtype, rows, shape.qkvWidth());
        Tensor attended = scratch("layer.attended", dtype, rows, shape.queryWidth());
        Tensor inner = scratch("mlp.inner", dtype, rows, w.down().inFeatures());
        FewRows few = operations.fewRows();
        boolean inside = FewRows.normsInside(rows, hidden.columns());
        few.qkv(
                stream,
                qkv,
                inside ? hidden : normed(hidden, w.inputNorm(), epsilon),
                (CudaWeight) w.qkv(),
                w.qkvBias(),
                inside ? w.inputNorm() : null,
                epsilon,
                shape,
                batch,
                model.cos(),
                model.sin(),
                cache,
                layer);
        attention(attended, qkv, cache, layer, shape, batch);
        few.linear(stream, hidden, attended, (CudaWeight) w.output(), null, hidden, null, 0);
        few.swiGlu(
                stream,
                inner,
                inside ? hidden : normed(hidden, w.postAttentionNorm(), epsilon),
                (CudaWeight) w.gateUp(),
                inside ? w.postAttentionNorm() : null,
                epsilon);
        few.linear(stream, hidden, inner, (CudaWeight) w.down(), null, hidden, null, 0);
    }

    private Tensor normed(Tensor hidden, Tensor weight, double epsilon) {
        Tensor normed = scratch("layer.normed", hidden.dtype(), hidden.rows(), hidden.columns());
        operations.rmsNorm().rmsNorm(stream, normed, hidden, weight, epsilon);
        return normed;
    }

    private void manyRowsLayer(
            ModelWeights model, int layer, Tensor hidden, SequenceBatch batch, CudaKvCache cache) {
        LayerWeights w = model.layers().get(layer);
        AttentionShape shape = model.shape();
        DType dtype = hidden.dtype();
        int rows = hidden.rows();
        double epsilon = model.rmsNormEpsilon();
        Tensor normed = scratch("layer.normed", dtype, rows, hidden.columns());
        Tensor qkv = scratch("layer.qkv", dtype, rows, shape.qkvWidth());
        Tensor attended = scratch("layer.attended", dtype, rows, shape.queryWidth());
        Tensor inner = scratch("mlp.inner", dtype, rows, w.down().inFeatures());
        rmsNorm(normed, hidden, w.inputNorm(), epsilon);
        products.linear(qkv, normed, (CudaWeight) w.qkv(), w.qkvBias(), null);
        operations
                .sequences()
                .rotaryCacheWrite(
                        stream, qkv, shape, model.cos(), model.sin(), cache, layer, batch);
        attention(attended, qkv, cache, layer, shape, batch);
        products.linear(hidden, attended, (CudaWeight) w.output(), null, hidden);
        rmsNorm(normed, hidden, w.postAttentionNorm(), epsilon);
        products.mlpInner(inner, normed, (CudaWeight) w.gateUp());
        products.mlpDown(hidden, inner, (CudaWeight) w.down(), hidden);
    }

    @Override
    public void decodeStep(ModelWeights model, StepState state) {
        int rows = Math.toIntExact(state.tokens().elements());
        Tensor hidden = scratch("forward.hidden", model.dtype(), rows, model.hidden());
        if (!fewRows(model, hidden) || !fuses(hidden, model.head())) {
            Kernels.super.decodeStep(model, state);
            return;
        }
        embedding(hidden, state.tokens(), model.embedding());
        for (int layer = 0; layer < model.layers().size(); layer++) {
            decoderLayer(model, layer, hidden, state.batch(), state.cache());
        }
        boolean inside = FewRows.normsInside(rows, model.hidden());
        double epsilon = model.rmsNormEpsilon();
        operations
                .fewRows()
                .linear(
                        stream,
                        state.logits(),
                        inside ? hidden : normed(hidden, model.finalNorm(), epsilon),
                        (CudaWeight) model.head(),
                        model.headBias(),
                        null,
                        inside ? model.finalNorm() : null,
                        epsilon);
        sample(state.tokens(), state.logits(), state.sampling(), state.random());
        advance(state.batch());
    }

    @Override
    public void layerNorm(Tensor out, Tensor x, Tensor weight, Tensor bias, double epsilon) {
        operations.layerNorm().layerNorm(stream, out, x, weight, bias, epsilon);
    }

    @Override
    public void activation(Tensor out, Tensor x, Activation function) {
        operations.activations().activation(stream, out, x, function);
    }

    @Override
    public void geglu(Tensor out, Tensor valueGate) {
        operations.activations().geglu(stream, out, valueGate);
    }

    @Override
    public void affine(Tensor out, Tensor x, Tensor scale, @Nullable Tensor shift) {
        operations.activations().affine(stream, out, x, scale, shift);
    }

    @Override
    public void snake(Tensor out, Tensor x, Tensor alpha) {
        operations.activations().snake(stream, out, x, alpha);
    }

    @Override
    public void columnMean(Tensor out, Tensor x) {
        operations.columns().mean(stream, out, x);
    }

    @Override
    public void copyColumns(Tensor out, int outColumn, Tensor x, int xColumn, int columns) {
        operations.columns().copy(stream, out, outColumn, x, xColumn, columns);
    }

    @Override
    public void bidirectionalAttention(Tensor out, Tensor q, Tensor k, Tensor v, int heads) {
        operations.bidirectionalAttention().run(stream, out, q, k, v, heads);
    }

    @Override
    public void unfold(Tensor out, Tensor x, Window window, int firstChannel) {
        operations.convolution().unfold(stream, out, x, null, window, firstChannel);
    }

    @Override
    public void depthwiseConv1d(Tensor out, Tensor x, Tensor weight, Tensor bias, Conv1d shape) {
        operations.convolution().depthwise(stream, out, x, weight, bias, shape.window());
    }

    @Override
    public void conv1d(Tensor out, Tensor x, Weight weight, @Nullable Tensor bias, Conv1d shape) {
        codec.conv1d(out, x, (CudaWeight) weight, bias, shape);
    }

    @Override
    public void convTranspose1d(
            Tensor out, Tensor x, Weight weight, Tensor bias, ConvTranspose1d shape) {
        codec.convTranspose1d(out, x, (CudaWeight) weight, bias, shape);
    }

    @Override
    public void residualUnit(Tensor out, Tensor x, ResidualUnitWeights w) {
        codec.residualUnit(out, x, w);
    }

    @Override
    public void convNextBlock(
            Tensor x, ConvNextWeights w, Tensor normWeight, Tensor normBias, double epsilon) {
        codec.convNextBlock(x, w, normWeight, normBias, epsilon);
    }
}
