package io.sparktts.tornado;

import static io.sparktts.tornado.Launcher.ATTENTION_BLOCK;
import static io.sparktts.tornado.Launcher.ITEM_VECTORS;
import static io.sparktts.tornado.Launcher.LANES;
import static io.sparktts.tornado.Launcher.NO_SCALARS;
import static io.sparktts.tornado.Launcher.ROW_LANES;
import static io.sparktts.tornado.Launcher.scalars;
import static io.sparktts.tornado.Launcher.set;
import static io.sparktts.tornado.Launcher.sizes;

import io.sparktts.backend.Activation;
import io.sparktts.backend.AttentionShape;
import io.sparktts.backend.Conv1d;
import io.sparktts.backend.DType;
import io.sparktts.backend.Kernels;
import io.sparktts.backend.KvCache;
import io.sparktts.backend.LayerWeights;
import io.sparktts.backend.ModelWeights;
import io.sparktts.backend.Op;
import io.sparktts.backend.Sampling;
import io.sparktts.backend.SequenceBatch;
import io.sparktts.backend.Tensor;
import io.sparktts.backend.Weight;
import io.sparktts.backend.Window;
import io.sparktts.tornado.kernel.Float8s;
import io.sparktts.tornado.kernel.KernelCode;
import io.sparktts.tornado.kernel.KernelSet;
import io.sparktts.tornado.kernel.KernelSet.QuadSet;
import io.sparktts.tornado.kernel.KernelSet.VectorSet;

import org.jspecify.annotations.Nullable;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;

/** The operations: which kernel, over how many work-items, with which sizes. */
final class TornadoKernels implements Kernels, AutoCloseable {
    private static final float[] POWERS = Float8s.powers();

    /** Rows up to which own products are as fast as a library's: they read each weight once. */
    private static final int FEW_ROWS = 2;

    private final Map<Op, String> chosen;
    private final boolean products;
    private final boolean attention;
    private final boolean processor;
    private final Launcher launcher;
    private final Scratch scratch;
    private final MatrixLaunches matrices;
    private final CodecLaunches codec;
    private final GpuAttention gpuAttention;
    private final GpuSampling gpuSampling;

    /**
     * @param chosen the variant of each operation
     */
    TornadoKernels(TornadoDevice device, Executor executor, Map<Op, String> chosen) {
        this.chosen = chosen;
        this.products = device.traits().products();
        this.attention = device.traits().attention();
        this.processor = device.traits().processor();
        this.launcher = new Launcher(processor, executor, device.traits().halfQuads());
        this.scratch = new Scratch(device);
        this.matrices = new MatrixLaunches(launcher, scratch);
        this.codec = new CodecLaunches(launcher, scratch);
        this.gpuAttention = new GpuAttention(launcher, scratch);
        this.gpuSampling = new GpuSampling(launcher, scratch);
    }

    /** What {@code body} would run. */
    List<Executor.Step> capture(Consumer<Kernels> body) {
        return launcher.capture(() -> body.accept(this));
    }

    @Override
    public Tensor scratch(String name, DType dtype, long rows, long columns) {
        return scratch.get(name, dtype, rows, columns);
    }

    @Override
    public void embedding(Tensor out, Tensor ids, Weight table) {
        KernelSet set = set(out.dtype());
        int[] s = sizes((int) ids.elements(), table.inFeatures());
        if (processor) {
            launcher.rows(
                    set.embedding(),
                    ids.elements(),
                    s,
                    NO_SCALARS,
                    out,
                    ids,
                    MatrixLaunches.matrix(table));
        } else {
            KernelCode kernel = set.group().sequence().embedding();
            launcher.elements(kernel, out.elements(), s, out, ids, MatrixLaunches.matrix(table));
        }
    }

    @Override
    public void rmsNorm(Tensor out, Tensor x, Tensor weight, double epsilon) {
        int n = x.columns();
        if (!processor) {
            QuadSet quads = launcher.shortQuads(x.dtype(), n, out, x, weight);
            if (quads != null) {
                KernelCode kernel = quads.rmsNorm();
                launcher.quadRows(kernel, x.rows(), n, scalars(epsilon), out, x, weight);
                return;
            }
            KernelCode kernel = set(x.dtype()).group().rmsNorm();
            int[] s = sizes(x.rows(), n);
            launcher.groups(kernel, x.rows(), ROW_LANES, s, scalars(epsilon), out, x, weight);
            return;
        }
        VectorSet v = launcher.vectors(n, out, x, weight);
        launcher.rows(
                v == null ? set(x.dtype()).rmsNorm() : v.rmsNorm(),
                x.rows(),
                sizes(x.rows(), v == null ? n : n / LANES),
                scalars(epsilon),
                out,
                x,
                weight);
    }

    @Override
    public void addRmsNorm(Tensor out, Tensor residual, Tensor x, Tensor weight, double epsilon) {
        int n = x.columns();
        if (!processor) {
            QuadSet quads = launcher.shortQuads(x.dtype(), n, out, residual, x, weight);
            if (quads != null) {
                launcher.quadRows(
                        quads.addRmsNorm(),
                        x.rows(),
                        n,
                        scalars(epsilon),
                        out,
                        residual,
                        x,
                        weight);
                return;
            }
            KernelCode kernel = set(x.dtype()).group().addRmsNorm();
            int[] s = sizes(x.rows(), n);
            launcher.groups(
                    kernel, x.rows(), ROW_LANES, s, scalars(epsilon), out, residual, x, weight);
            return;
        }
        VectorSet v = launcher.vectors(n, out, residual, x, weight);
        launcher.rows(
                v == null ? set(x.dtype()).addRmsNorm() : v.addRmsNorm(),
                x.rows(),
                sizes(x.rows(), v == null ? n : n / LANES),
                scalars(epsilon),
                out,
                residual,
                x,
                weight);
    }

    @Override
    public void linear(Tensor out, Tensor x, Weight weight, @Nullable Tensor bias) {
        matrices.linear(out, x, weight, bias, byLibrary(Op.LINEAR, x.rows()));
    }

    @Override
    public void swiGlu(Tensor out, Tensor x, Weight gateUp) {
        matrices.swiGlu(out, x, gateUp, byLibrary(Op.SWI_GLU, x.rows()));
    }

    @Override
    public void mlp(Tensor out, Tensor x, Weight gateUp, Weight down) {
        boolean byLibrary = byLibrary(Op.MLP, x.rows());
        Tensor inner = scratch("mlp.inner", x.dtype(), x.rows(), down.inFeatures());
        matrices.swiGlu(inner, x, gateUp, byLibrary);
        matrices.linear(out, inner, down, null, byLibrary);
    }

    /** Whether a library makes the products of an operation. */
    private boolean byLibrary(Op op, int rows) {
        return switch (Objects.requireNonNull(chosen.get(op))) {
            case TornadoDevice.CUBLAS -> true;
            case TornadoDevice.OWN -> false;
            default -> products && rows > FEW_ROWS;
        };
    }

    private boolean byCudnn(GpuAttention.Call call) {
        return switch (Objects.requireNonNull(chosen.get(Op.ATTENTION))) {
            case TornadoDevice.CUDNN -> gpuAttention.fitsCudnn(call);
            case TornadoDevice.FUSED ->
                    attention && gpuAttention.fitsCudnn(call) && call.fillsCache();
            default -> false;
        };
    }

    @Override
    public void rotary(Tensor qkv, AttentionShape shape, Tensor positions, Tensor cos, Tensor sin) {
        int tokens = qkv.rows();
        int heads = shape.heads() + shape.kvHeads();
        int[] s = sizes(tokens, shape.qkvWidth(), heads, shape.headDim());
        KernelSet set = set(qkv.dtype());
        if (processor) {
            launcher.rows(set.rotary(), tokens, s, NO_SCALARS, qkv, positions, cos, sin);
        } else {
            long pairs = (long) tokens * heads * (shape.headDim() / 2);
            KernelCode kernel = set.group().sequence().rotary();
            launcher.elements(kernel, pairs, s, qkv, positions, cos, sin);
        }
    }

    /** Sizes of kernels that are given a cache's layer. */
    private static int[] layerSizes(
            KvCache cache, int layer, AttentionShape shape, SequenceBatch batch, int width) {
        return sizes(
                batch.tokens(),
                batch.batch(),
                shape.qkvWidth(),
                width,
                shape.kvHeads(),
                shape.headDim(),
                cache.capacity(),
                ((TornadoCache) cache).layerOffset(layer));
    }

    @Override
    public void cacheWrite(
            KvCache cache, int layer, Tensor qkv, AttentionShape shape, SequenceBatch batch) {
        TornadoCache c = (TornadoCache) cache;
        int[] layerSizes = layerSizes(cache, layer, shape, batch, shape.queryWidth());
        KernelSet set = set(qkv.dtype());
        int ofToken = processor ? 1 : shape.kvHeads() * shape.headDim();
        launcher.cached(
                processor ? set.cacheWrite() : set.group().sequence().cacheWrite(),
                (long) batch.tokens() * ofToken,
                launcher.rowGroup(),
                layerSizes,
                List.of(c.keys(), c.values()),
                List.of(qkv, batch.tokenOffsets(), batch.positions(), batch.slot()),
                0);
    }

    /** {@link #rotary} and {@link #cacheWrite}. */
    private void rotaryWrite(
            ModelWeights model, KvCache cache, int layer, Tensor qkv, SequenceBatch batch) {
        AttentionShape shape = model.shape();
        if (processor) {
            rotary(qkv, shape, batch.positions(), model.cos(), model.sin());
            cacheWrite(cache, layer, qkv, shape, batch);
            return;
        }
        TornadoCache c = (TornadoCache) cache;
        int pairs = shape.qkvWidth() / 2;
        launcher.cached(
                set(qkv.dtype()).group().sequence().rotaryWrite(),
                (long) batch.tokens() * pairs,
                Launcher.GROUP,
                layerSizes(cache, layer, shape, batch, shape.heads()),
                List.of(c.keys(), c.values()),
                List.of(
                        qkv,
                        batch.positions(),
                        model.cos(),
                        model.sin(),
                        batch.tokenOffsets(),
                        batch.slot()),
                1);
    }

    @Override
    public void attention(
            Tensor out,
            Tensor qkv,
            KvCache cache,
            int layer,
            AttentionShape shape,
            SequenceBatch batch) {
        TornadoCache c = (TornadoCache) cache;
        if (!processor && GpuAttention.fitsGroup(shape)) {
            GpuAttention.Call call = new GpuAttention.Call(out, qkv, c, layer, shape, batch);
            if (byCudnn(call)) {
                gpuAttention.byCudnn(call);
            } else if (byLibrary(Op.ATTENTION, batch.tokens()) && gpuAttention.fitsProducts(call)) {
                gpuAttention.byProducts(call);
            } else {
                gpuAttention.byGroups(call);
            }
            return;
        }
        int items = batch.tokens() * shape.heads();
        Tensor work =
                scratch(
                        "attention.work",
                        DType.F32,
                        items,
                        ATTENTION_BLOCK + (long) shape.headDim());
        int[] s = layerSizes(cache, layer, shape, batch, shape.heads());
        int[] withBlock = Arrays.copyOf(s, s.length + 1);
        withBlock[s.length] = ATTENTION_BLOCK;
        VectorSet v = launcher.vectors(shape.headDim(), out, qkv, c.keys(), c.values());
        launcher.cached(
                v == null ? set(qkv.dtype()).attention() : v.attention(),
                items,
                launcher.rowGroup(),
                withBlock,
                List.of(c.keys(), c.values()),
                List.of(out, qkv, batch.tokenOffsets(), batch.positions(), batch.slot(), work),
                2);
    }

    @Override
    public void siluMul(Tensor out, Tensor gateUp) {
        matrices.siluMul(out, gateUp);
    }

    @Override
    public void softmax(Tensor out, Tensor x) {
        int n = x.columns();
        if (!processor) {
            KernelCode kernel = set(x.dtype()).group().softmax();
            launcher.groups(kernel, x.rows(), ROW_LANES, sizes(x.rows(), n), NO_SCALARS, out, x);
            return;
        }
        VectorSet v = launcher.vectors(n, out, x);
        launcher.rows(
                v == null ? set(x.dtype()).softmax() : v.softmax(),
                x.rows(),
                sizes(x.rows(), v == null ? n : n / LANES),
                v == null ? NO_SCALARS : POWERS,
                out,
                x);
    }

    @Override
    public void add(Tensor out, Tensor a, Tensor b) {
        int n = Math.toIntExact(out.elements());
        VectorSet v = n % LANES == 0 ? launcher.vectors(LANES, out, a, b) : null;
        if (v == null) {
            launcher.elements(set(out.dtype()).add(), n, sizes(n), out, a, b);
        } else {
            int whole = n / LANES;
            long items = (whole + ITEM_VECTORS - 1L) / ITEM_VECTORS;
            launcher.rows(v.add(), items, sizes(whole, ITEM_VECTORS), NO_SCALARS, out, a, b);
        }
    }

    @Override
    public void gatherRows(Tensor out, Tensor x, SequenceBatch batch) {
        KernelSet set = set(x.dtype());
        int[] s = sizes(batch.batch(), x.columns());
        Tensor offsets = batch.tokenOffsets();
        if (processor) {
            launcher.rows(set.gatherRows(), batch.batch(), s, NO_SCALARS, out, x, offsets);
        } else {
            KernelCode kernel = set.group().sequence().gatherRows();
            launcher.elements(kernel, out.elements(), s, out, x, offsets);
        }
    }

    @Override
    public void samplingProbabilities(Tensor out, Tensor logits, Sampling sampling) {
        launcher.rows(
                set(logits.dtype()).probabilities(),
                logits.rows(),
                sizes(logits.rows(), logits.columns(), sampling.topK()),
                scalars(1 / sampling.temperature(), sampling.topP()),
                out,
                logits);
    }

    @Override
    public void sample(Tensor tokens, Tensor logits, Sampling sampling, Tensor random) {
        if (!processor) {
            gpuSampling.sample(tokens, logits, sampling, random);
            return;
        }
        int[] s =
                sizes(logits.rows(), logits.columns(), sampling.topK(), sampling.greedy() ? 1 : 0);
        launcher.rows(
                set(logits.dtype()).sample(),
                logits.rows(),
                s,
                scalars(1 / sampling.temperature(), sampling.topP()),
                tokens,
                logits,
                random);
    }

    @Override
    public void argmax(Tensor tokens, Tensor x) {
        if (!processor) {
            gpuSampling.largest(tokens, x, null);
            return;
        }
        launcher.rows(
                set(x.dtype()).argmax(),
                x.rows(),
                sizes(x.rows(), x.columns()),
                NO_SCALARS,
                tokens,
                x);
    }

    @Override
    public void advance(SequenceBatch batch) {
        launcher.rows(
                KernelSet.ADVANCE,
                batch.batch(),
                sizes(batch.batch()),
                NO_SCALARS,
                batch.tokenOffsets(),
                batch.positions(),
                batch.cacheLength(),
                batch.slot());
    }

    /** As the default, with each layer's last addition joined to the norm after it. */
    @Override
    public void forward(
            ModelWeights model, Tensor out, Tensor ids, SequenceBatch batch, KvCache cache) {
        int rows = out.rows();
        DType dtype = out.dtype();
        AttentionShape shape = model.shape();
        double epsilon = model.rmsNormEpsilon();
        Tensor hidden = scratch("forward.hidden", dtype, rows, out.columns());
        Tensor normed = scratch("layer.normed", dtype, rows, out.columns());
        Tensor qkv = scratch("layer.qkv", dtype, rows, shape.qkvWidth());
        Tensor attended = scratch("layer.attended", dtype, rows, shape.queryWidth());
        Tensor branch = scratch("layer.branch", dtype, rows, out.columns());
        List<LayerWeights> layers = model.layers();
        embedding(hidden, ids, model.embedding());
        rmsNorm(normed, hidden, layers.getFirst().inputNorm(), epsilon);
        for (int layer = 0; layer < layers.size(); layer++) {
            LayerWeights w = layers.get(layer);
            boolean last = layer + 1 == layers.size();
            linear(qkv, normed, w.qkv(), w.qkvBias());
            rotaryWrite(model, cache, layer, qkv, batch);
            attention(attended, qkv, cache, layer, shape, batch);
            linear(branch, attended, w.output(), null);
            addRmsNorm(normed, hidden, branch, w.postAttentionNorm(), epsilon);
            mlp(branch, normed, w.gateUp(), w.down());
            Tensor next = last ? model.finalNorm() : layers.get(layer + 1).inputNorm();
            addRmsNorm(last ? out : normed, hidden, branch, next, epsilon);
        }
    }

    @Override
    public void layerNorm(Tensor out, Tensor x, Tensor weight, Tensor bias, double epsilon) {
        codec.layerNorm(out, x, weight, bias, epsilon);
    }

    @Override
    public void activation(Tensor out, Tensor x, Activation function) {
        codec.activation(out, x, function);
    }

    @Override
    public void geglu(Tensor out, Tensor valueGate) {
        codec.geglu(out, valueGate);
    }

    @Override
    public void affine(Tensor out, Tensor x, Tensor scale, @Nullable Tensor shift) {
        codec.affine(out, x, scale, shift);
    }

    @Override
    public void columnMean(Tensor out, Tensor x) {
        codec.columnMean(out, x);
    }

    @Override
    public void copyColumns(Tensor out, int outColumn, Tensor x, int xColumn, int columns) {
        codec.copyColumns(out, outColumn, x, xColumn, columns);
    }

    @Override
    public void bidirectionalAttention(Tensor out, Tensor q, Tensor k, Tensor v, int heads) {
        codec.bidirectionalAttention(out, q, k, v, heads);
    }

    @Override
    public void unfold(Tensor out, Tensor x, Window window, int firstChannel) {
        codec.unfold(out, x, window, firstChannel);
    }

    @Override
    public void depthwiseConv1d(Tensor out, Tensor x, Tensor weight, Tensor bias, Conv1d shape) {
        codec.depthwiseConv1d(out, x, weight, bias, shape);
    }

    @Override
    public void snake(Tensor out, Tensor x, Tensor alpha) {
        codec.snake(out, x, alpha);
    }

    @Override
    public void close() {
        scratch.close();
    }
}
