package io.sparktts.vector;

import io.sparktts.backend.Activation;
import io.sparktts.backend.AttentionShape;
import io.sparktts.backend.Conv1d;
import io.sparktts.backend.ConvTranspose1d;
import io.sparktts.backend.DType;
import io.sparktts.backend.Kernels;
import io.sparktts.backend.KvCache;
import io.sparktts.backend.Op;
import io.sparktts.backend.ResidualUnitWeights;
import io.sparktts.backend.Sampling;
import io.sparktts.backend.SequenceBatch;
import io.sparktts.backend.Tensor;
import io.sparktts.backend.Variants;
import io.sparktts.backend.Weight;
import io.sparktts.backend.Window;
import io.sparktts.host.HostScratch;

import org.jspecify.annotations.Nullable;

/** The operations of the {@code vector} backend, each in the variant chosen for it. */
final class VectorKernels implements Kernels, AutoCloseable {
    private static final Conv1d POINTWISE = Conv1d.same(1, 1);

    private final HostScratch scratch;
    private final LinearKernel linear;
    private final RowKernels rows;
    private final AttentionKernel attention;
    private final SequenceKernels sequences;
    private final SamplingKernel sampling;
    private final Elementwise elementwise;
    private final NaiveAttention naiveAttention;
    private final CodecRows codecRows;
    private final FrameKernels frames;
    private final ConvKernel convolution;
    private final BidirectionalAttention bidirectional;

    private final boolean naiveRmsNorm;
    private final boolean naiveAddRmsNorm;
    private final boolean naiveAttend;
    private final boolean naiveSiluMul;
    private final boolean naiveSwiGlu;
    private final boolean naiveMlp;
    private final boolean naiveSoftmax;
    private final boolean naiveProbabilities;
    private final boolean naiveSample;

    VectorKernels(VectorDevice device, WorkerPool pool, Variants variants) {
        scratch = new HostScratch(device);
        linear = new LinearKernel(pool);
        rows = new RowKernels(pool);
        attention = new AttentionKernel(pool);
        sequences = new SequenceKernels(pool);
        sampling = new SamplingKernel(pool);
        elementwise = new Elementwise(pool);
        naiveAttention = new NaiveAttention(pool, elementwise, rows);
        codecRows = new CodecRows(pool);
        frames = new FrameKernels(pool);
        convolution = new ConvKernel(pool);
        bidirectional = new BidirectionalAttention(pool);
        naiveRmsNorm = naive(device, variants, Op.RMS_NORM);
        naiveAddRmsNorm = naive(device, variants, Op.ADD_RMS_NORM);
        naiveAttend = naive(device, variants, Op.ATTENTION);
        naiveSiluMul = naive(device, variants, Op.SILU_MUL);
        naiveSwiGlu = naive(device, variants, Op.SWI_GLU);
        naiveMlp = naive(device, variants, Op.MLP);
        naiveSoftmax = naive(device, variants, Op.SOFTMAX);
        naiveProbabilities = naive(device, variants, Op.SAMPLING_PROBABILITIES);
        naiveSample = naive(device, variants, Op.SAMPLE);
    }

    private static boolean naive(VectorDevice device, Variants variants, Op op) {
        return variants.choose(op, device.variants(op)).equals(Variants.NAIVE);
    }

    @Override
    public Tensor scratch(String name, DType dtype, long rowCount, long columns) {
        return scratch.get(name, dtype, rowCount, columns);
    }

    @Override
    public void embedding(Tensor out, Tensor ids, Weight table) {
        sequences.embedding(out, ids, (PanelWeight) table);
    }

    @Override
    public void rmsNorm(Tensor out, Tensor x, Tensor weight, double epsilon) {
        if (!naiveRmsNorm) {
            rows.rmsNorm(out, x, weight, epsilon);
            return;
        }
        // As in Hugging Face's Qwen2RMSNorm: to float32, square, mean, rsqrt, multiply, to the
        // dtype, times the weight.
        Tensor wide = x;
        if (x.dtype() != DType.F32) {
            wide = scratch("naiveRmsNorm.wide", DType.F32, x.rows(), x.columns());
            elementwise.apply(Elementwise.Step.COPY, wide, x, x, 0);
        }
        Tensor work = scratch("naiveRmsNorm.work", DType.F32, x.rows(), x.columns());
        Tensor factor = scratch("naiveRmsNorm.factor", DType.F32, x.rows(), 1);
        elementwise.apply(Elementwise.Step.SQUARE, work, wide, wide, 0);
        elementwise.reduce(Elementwise.Reduction.RSQRT_MEAN, factor, work, (float) epsilon);
        elementwise.apply(Elementwise.Step.MUL_ROW_SCALAR, work, wide, factor, 0);
        Tensor normed = work;
        if (x.dtype() != DType.F32) {
            normed = scratch("naiveRmsNorm.normed", x.dtype(), x.rows(), x.columns());
            elementwise.apply(Elementwise.Step.COPY, normed, work, work, 0);
        }
        elementwise.apply(Elementwise.Step.MUL_BY_ROW, out, normed, weight, 0);
    }

    @Override
    public void addRmsNorm(Tensor out, Tensor residual, Tensor x, Tensor weight, double epsilon) {
        if (naiveAddRmsNorm) {
            Kernels.super.addRmsNorm(out, residual, x, weight, epsilon);
        } else {
            rows.addRmsNorm(out, residual, x, weight, epsilon);
        }
    }

    @Override
    public void linear(Tensor out, Tensor x, Weight weight, @Nullable Tensor bias) {
        linear.linear(out, x, (PanelWeight) weight, bias);
    }

    @Override
    public void rotary(Tensor qkv, AttentionShape shape, Tensor positions, Tensor cos, Tensor sin) {
        sequences.rotary(qkv, shape, positions, cos, sin);
    }

    @Override
    public void cacheWrite(
            KvCache cache, int layer, Tensor qkv, AttentionShape shape, SequenceBatch batch) {
        sequences.cacheWrite((VectorKvCache) cache, layer, qkv, shape, batch);
    }

    @Override
    public void attention(
            Tensor out,
            Tensor qkv,
            KvCache cache,
            int layer,
            AttentionShape shape,
            SequenceBatch batch) {
        if (naiveAttend) {
            naiveAttention.run(this, out, qkv, (VectorKvCache) cache, layer, shape, batch);
        } else {
            attention.run(out, qkv, (VectorKvCache) cache, layer, shape, batch);
        }
    }

    @Override
    public void siluMul(Tensor out, Tensor gateUp) {
        if (naiveSiluMul) {
            naiveSiluMul(out, gateUp);
        } else {
            rows.siluMul(out, gateUp);
        }
    }

    private void naiveSiluMul(Tensor out, Tensor gateUp) {
        int n = out.columns();
        Tensor gate = scratch("naiveSiluMul.gate", out.dtype(), out.rows(), n);
        Tensor up = scratch("naiveSiluMul.up", out.dtype(), out.rows(), n);
        elementwise.split(gate, up, gateUp);
        elementwise.apply(Elementwise.Step.SILU, gate, gate, gate, 0);
        elementwise.apply(Elementwise.Step.MUL, out, gate, up, 0);
    }

    @Override
    public void swiGlu(Tensor out, Tensor x, Weight gateUp) {
        if (naiveSwiGlu) {
            naiveSwiGlu(out, x, gateUp);
        } else {
            linear.swiGlu(out, x, (PanelWeight) gateUp);
        }
    }

    private void naiveSwiGlu(Tensor out, Tensor x, Weight gateUp) {
        Tensor gate = scratch("naiveSiluMul.gate", out.dtype(), out.rows(), out.columns());
        Tensor up = scratch("naiveSiluMul.up", out.dtype(), out.rows(), out.columns());
        linear.gateAndUp(gate, up, x, (PanelWeight) gateUp);
        elementwise.apply(Elementwise.Step.SILU, gate, gate, gate, 0);
        elementwise.apply(Elementwise.Step.MUL, out, gate, up, 0);
    }

    @Override
    public void mlp(Tensor out, Tensor x, Weight gateUp, Weight down) {
        Tensor inner = scratch("mlp.inner", x.dtype(), x.rows(), down.inFeatures());
        if (naiveMlp) {
            naiveSwiGlu(inner, x, gateUp);
        } else {
            linear.swiGlu(inner, x, (PanelWeight) gateUp);
        }
        linear.linear(out, inner, (PanelWeight) down, null);
    }

    @Override
    public void softmax(Tensor out, Tensor x) {
        if (!naiveSoftmax) {
            rows.softmax(out, x);
            return;
        }
        Tensor work = scratch("naiveSoftmax.work", DType.F32, x.rows(), x.columns());
        Tensor perRow = scratch("naiveSoftmax.perRow", DType.F32, x.rows(), 1);
        elementwise.reduce(Elementwise.Reduction.MAX, perRow, x, 0);
        elementwise.apply(Elementwise.Step.SUB_ROW_SCALAR, work, x, perRow, 0);
        elementwise.apply(Elementwise.Step.EXP, work, work, work, 0);
        elementwise.reduce(Elementwise.Reduction.SUM, perRow, work, 0);
        elementwise.apply(Elementwise.Step.DIV_ROW_SCALAR, out, work, perRow, 0);
    }

    @Override
    public void add(Tensor out, Tensor a, Tensor b) {
        rows.add(out, a, b);
    }

    @Override
    public void gatherRows(Tensor out, Tensor x, SequenceBatch batch) {
        SequenceKernels.gatherRows(out, x, batch);
    }

    @Override
    public void samplingProbabilities(Tensor out, Tensor logits, Sampling s) {
        sampling.probabilities(out, logits, s, naiveProbabilities);
    }

    @Override
    public void sample(Tensor tokens, Tensor logits, Sampling s, Tensor random) {
        sampling.sample(tokens, logits, s, random, naiveSample);
    }

    @Override
    public void argmax(Tensor tokens, Tensor x) {
        sampling.argmax(tokens, x);
    }

    @Override
    public void advance(SequenceBatch batch) {
        SequenceKernels.advance(batch);
    }

    @Override
    public void layerNorm(Tensor out, Tensor x, Tensor weight, Tensor bias, double epsilon) {
        codecRows.layerNorm(out, x, weight, bias, epsilon);
    }

    @Override
    public void activation(Tensor out, Tensor x, Activation function) {
        codecRows.activation(out, x, function);
    }

    @Override
    public void geglu(Tensor out, Tensor valueGate) {
        codecRows.geglu(out, valueGate);
    }

    @Override
    public void affine(Tensor out, Tensor x, Tensor scale, @Nullable Tensor shift) {
        codecRows.affine(out, x, scale, shift);
    }

    @Override
    public void columnMean(Tensor out, Tensor x) {
        frames.columnMean(out, x);
    }

    @Override
    public void copyColumns(Tensor out, int outColumn, Tensor x, int xColumn, int columns) {
        FrameKernels.copyColumns(out, outColumn, x, xColumn, columns);
    }

    @Override
    public void bidirectionalAttention(Tensor out, Tensor q, Tensor k, Tensor v, int heads) {
        bidirectional.run(out, q, k, v, heads);
    }

    @Override
    public void unfold(Tensor out, Tensor x, Window window, int firstChannel) {
        FrameKernels.unfold(out, x, window, firstChannel);
    }

    @Override
    public void conv1d(Tensor out, Tensor x, Weight weight, @Nullable Tensor bias, Conv1d shape) {
        convolution.conv1d(out, x, null, (PanelWeight) weight, bias, shape, null);
    }

    @Override
    public void depthwiseConv1d(Tensor out, Tensor x, Tensor weight, Tensor bias, Conv1d shape) {
        frames.depthwiseConv1d(out, x, weight, bias, shape);
    }

    @Override
    public void convTranspose1d(
            Tensor out, Tensor x, Weight weight, Tensor bias, ConvTranspose1d shape) {
        convolution.convTranspose1d(out, x, (PanelWeight) weight, bias, shape);
    }

    @Override
    public void snake(Tensor out, Tensor x, Tensor alpha) {
        codecRows.snake(out, x, alpha);
    }

    @Override
    public void residualUnit(Tensor out, Tensor x, ResidualUnitWeights w) {
        Tensor inner = scratch("residualUnit.inner", DType.F32, x.rows(), x.columns());
        PanelWeight dilated = (PanelWeight) w.conv1();
        convolution.conv1d(inner, x, w.alpha1(), dilated, w.bias1(), w.shape1(), null);
        PanelWeight pointwise = (PanelWeight) w.conv2();
        convolution.conv1d(out, inner, w.alpha2(), pointwise, w.bias2(), POINTWISE, x);
    }

    @Override
    public void close() {
        scratch.close();
        codecRows.close();
        frames.close();
        convolution.close();
        bidirectional.close();
        linear.close();
        rows.close();
        attention.close();
        sequences.close();
        sampling.close();
        elementwise.close();
        naiveAttention.close();
    }
}
