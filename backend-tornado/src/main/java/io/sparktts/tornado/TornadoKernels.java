package io.sparktts.tornado;

import io.sparktts.backend.AttentionShape;
import io.sparktts.backend.BackendException;
import io.sparktts.backend.DType;
import io.sparktts.backend.Kernels;
import io.sparktts.backend.KvCache;
import io.sparktts.backend.Sampling;
import io.sparktts.backend.SequenceBatch;
import io.sparktts.backend.Tensor;
import io.sparktts.backend.Weight;
import io.sparktts.tornado.f32.VectorKernels;
import io.sparktts.tornado.kernel.Float8s;
import io.sparktts.tornado.kernel.KernelCode;
import io.sparktts.tornado.kernel.KernelSet;
import io.sparktts.tornado.kernel.KernelSet.VectorSet;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** The operations: which kernel, over how many work-items, with which sizes. */
final class TornadoKernels implements Kernels, AutoCloseable {
    static final KernelSet F32 = io.sparktts.tornado.f32.KernelTable.set(VectorKernels.set());
    static final KernelSet F16 = io.sparktts.tornado.f16.KernelTable.set(null);

    private static final float[] NO_SCALARS = {};
    private static final float[] POWERS = Float8s.powers();
    private static final int LANES = 8;

    /** Work-items of a group where each makes one element, or one row on a GPU. */
    private static final int GROUP = 64;

    /** Work-items that share a row on a GPU. */
    private static final int ROW_LANES = 128;

    /** Work-items that share a dot product on a GPU. */
    private static final int DOT_LANES = 64;

    /** Keys whose scores attention holds at a time. */
    private static final int ATTENTION_BLOCK = 32;

    /** Vectors that a work-item adds. */
    private static final int ADD_VECTORS = 256;

    private final boolean processor;
    private final Executor executor;
    private final Scratch scratch;
    private @Nullable List<Executor.Launch> captured;

    TornadoKernels(TornadoDevice device, Executor executor) {
        this.processor = device.traits().processor();
        this.executor = executor;
        this.scratch = new Scratch(device);
    }

    /** What {@code body} would launch. */
    List<Executor.Launch> capture(Consumer<Kernels> body) {
        List<Executor.Launch> launches = new ArrayList<>();
        captured = launches;
        try {
            body.accept(this);
        } finally {
            captured = null;
        }
        return List.copyOf(launches);
    }

    private static KernelSet set(DType dtype) {
        return switch (dtype) {
            case F32 -> F32;
            case F16 -> F16;
            case BF16, F64, I32 ->
                    throw new BackendException(
                            "the tornado backend has no kernels for " + dtype.id());
        };
    }

    /** The kernels of eight neighbours, where they pay and all widths and offsets allow them. */
    private @Nullable VectorSet vectors(int columns, Tensor... tensors) {
        boolean fits = processor && columns % LANES == 0;
        for (Tensor t : tensors) {
            fits &= t.dtype() == DType.F32 && t.offset() % LANES == 0;
        }
        return fits ? F32.vector() : null;
    }

    /** Launches work-items that are rows or tiles. */
    private void rows(
            KernelCode kernel, long items, int[] sizes, float[] scalars, Tensor... tensors) {
        launch(kernel, items, processor ? 1 : GROUP, sizes, scalars, tensors);
    }

    /** Launches work-groups that are rows. */
    private void groups(
            KernelCode kernel,
            long count,
            int lanes,
            int[] sizes,
            float[] scalars,
            Tensor... tensors) {
        launch(kernel, count * lanes, lanes, sizes, scalars, tensors);
    }

    /** Launches work-items that are elements. */
    private void elements(KernelCode kernel, long items, int[] sizes, Tensor... tensors) {
        launch(kernel, items, GROUP, sizes, NO_SCALARS, tensors);
    }

    private void launch(
            KernelCode kernel,
            long items,
            int group,
            int[] sizes,
            float[] scalars,
            Tensor... tensors) {
        int[] all = new int[sizes.length + tensors.length];
        System.arraycopy(sizes, 0, all, 0, sizes.length);
        List<TornadoBuffer> buffers = new ArrayList<>(tensors.length);
        for (int i = 0; i < tensors.length; i++) {
            all[sizes.length + i] = Math.toIntExact(tensors[i].offset());
            buffers.add((TornadoBuffer) tensors[i].buffer());
        }
        int whole = Math.toIntExact((items + group - 1) / group * group);
        submit(kernel, whole, group, buffers, all, scalars);
    }

    private void submit(
            KernelCode kernel,
            int items,
            int group,
            List<TornadoBuffer> buffers,
            int[] sizes,
            float[] scalars) {
        Executor.Launch launch =
                new Executor.Launch(
                        kernel,
                        items,
                        group,
                        buffers.toArray(TornadoBuffer[]::new),
                        sizes,
                        scalars);
        if (captured != null) {
            captured.add(launch);
        } else {
            executor.launch(launch);
        }
    }

    private static int[] sizes(int... values) {
        return values;
    }

    private static float[] scalars(double... values) {
        float[] f = new float[values.length];
        for (int i = 0; i < f.length; i++) {
            f[i] = (float) values[i];
        }
        return f;
    }

    private static Tensor matrix(Weight w) {
        return ((TornadoWeight) w).matrix();
    }

    @Override
    public Tensor scratch(String name, DType dtype, long rows, long columns) {
        return scratch.get(name, dtype, rows, columns);
    }

    @Override
    public void embedding(Tensor out, Tensor ids, Weight table) {
        rows(
                set(out.dtype()).embedding(),
                ids.elements(),
                sizes((int) ids.elements(), table.inFeatures()),
                NO_SCALARS,
                out,
                ids,
                matrix(table));
    }

    @Override
    public void rmsNorm(Tensor out, Tensor x, Tensor weight, double epsilon) {
        int n = x.columns();
        if (!processor) {
            KernelCode kernel = set(x.dtype()).group().rmsNorm();
            int[] s = sizes(x.rows(), n);
            groups(kernel, x.rows(), ROW_LANES, s, scalars(epsilon), out, x, weight);
            return;
        }
        VectorSet v = vectors(n, out, x, weight);
        rows(
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
            KernelCode kernel = set(x.dtype()).group().addRmsNorm();
            int[] s = sizes(x.rows(), n);
            groups(kernel, x.rows(), ROW_LANES, s, scalars(epsilon), out, residual, x, weight);
            return;
        }
        VectorSet v = vectors(n, out, residual, x, weight);
        rows(
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
        int rows = x.rows();
        int in = x.columns();
        int width = weight.outFeatures();
        int most = Integer.MAX_VALUE / (width * DOT_LANES);
        if (!processor && rows > most) {
            // A grid counts its work-items in an int.
            for (int from = 0; from < rows; from += most) {
                int count = Math.min(most, rows - from);
                Tensor part = out.view((long) from * width, count, width);
                linear(part, x.view((long) from * in, count, in), weight, bias);
            }
            return;
        }
        Tensor w = matrix(weight);
        Tensor b = bias == null ? x : bias;
        int biased = bias == null ? 0 : 1;
        VectorSet v = out.dtype() == DType.F32 ? vectors(in, x, w) : null;
        if (v != null) {
            int[] s = sizes(rows, in / LANES, width, biased);
            long features = (width + 3L) / 4;
            if (rows == 1) {
                rows(v.matvec(), features, s, NO_SCALARS, out, x, w, b);
            } else {
                rows(v.linear(), features * ((rows + 3) / 4), s, NO_SCALARS, out, x, w, b);
            }
            return;
        }
        KernelSet set = set(x.dtype());
        boolean same = out.dtype() == x.dtype();
        int[] s = sizes(rows, in, width, biased);
        long count = (long) rows * width;
        if (processor) {
            elements(same ? set.linear() : set.linearWide(), count, s, out, x, w, b);
        } else {
            KernelCode kernel = same ? set.group().linear() : set.group().linearWide();
            groups(kernel, count, DOT_LANES, s, NO_SCALARS, out, x, w, b);
        }
    }

    @Override
    public void swiGlu(Tensor out, Tensor x, Weight gateUp) {
        int rows = x.rows();
        int in = x.columns();
        int width = out.columns();
        Tensor w = matrix(gateUp);
        VectorSet v = vectors(in, x, w);
        if (v == null) {
            int[] s = sizes(rows, in, width);
            long count = (long) rows * width;
            if (processor) {
                elements(set(x.dtype()).swiGlu(), count, s, out, x, w);
            } else {
                KernelCode kernel = set(x.dtype()).group().swiGlu();
                groups(kernel, count, DOT_LANES, s, NO_SCALARS, out, x, w);
            }
            return;
        }
        int[] s = sizes(rows, in / LANES, width);
        long features = (width + 1L) / 2;
        if (rows == 1) {
            rows(v.swiGluRow(), features, s, NO_SCALARS, out, x, w);
        } else {
            rows(v.swiGlu(), features * ((rows + 3) / 4), s, NO_SCALARS, out, x, w);
        }
    }

    @Override
    public void rotary(Tensor qkv, AttentionShape shape, Tensor positions, Tensor cos, Tensor sin) {
        int tokens = qkv.rows();
        rows(
                set(qkv.dtype()).rotary(),
                tokens,
                sizes(tokens, shape.qkvWidth(), shape.heads() + shape.kvHeads(), shape.headDim()),
                NO_SCALARS,
                qkv,
                positions,
                cos,
                sin);
    }

    /** As {@link #launch}, for kernels that are given a cache's layer among the sizes. */
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
        withCache(
                set(qkv.dtype()).cacheWrite(),
                batch.tokens(),
                layerSizes,
                List.of(c.keys(), c.values()),
                List.of(qkv, batch.tokenOffsets(), batch.positions(), batch.slot()),
                0);
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
        int items = batch.tokens() * shape.heads();
        int padded = (items + GROUP - 1) / GROUP * GROUP;
        Tensor work =
                scratch(
                        "attention.work",
                        DType.F32,
                        padded,
                        ATTENTION_BLOCK + (long) shape.headDim());
        int[] s = layerSizes(cache, layer, shape, batch, shape.heads());
        int[] withBlock = java.util.Arrays.copyOf(s, s.length + 1);
        withBlock[s.length] = ATTENTION_BLOCK;
        VectorSet v = vectors(shape.headDim(), out, qkv, c.keys(), c.values());
        withCache(
                v == null ? set(qkv.dtype()).attention() : v.attention(),
                items,
                withBlock,
                List.of(c.keys(), c.values()),
                List.of(out, qkv, batch.tokenOffsets(), batch.positions(), batch.slot(), work),
                2);
    }

    /**
     * Launches a kernel whose cache tensors stand after {@code before} others and have no offset
     * among the sizes.
     */
    private void withCache(
            KernelCode kernel,
            int items,
            int[] sizes,
            List<Tensor> cached,
            List<Tensor> others,
            int before) {
        List<TornadoBuffer> buffers = new ArrayList<>();
        int[] all = java.util.Arrays.copyOf(sizes, sizes.length + others.size());
        for (int i = 0; i < others.size(); i++) {
            all[sizes.length + i] = Math.toIntExact(others.get(i).offset());
            buffers.add((TornadoBuffer) others.get(i).buffer());
        }
        for (int i = 0; i < cached.size(); i++) {
            buffers.add(before + i, (TornadoBuffer) cached.get(i).buffer());
        }
        int group = processor ? 1 : GROUP;
        submit(kernel, (items + group - 1) / group * group, group, buffers, all, NO_SCALARS);
    }

    @Override
    public void siluMul(Tensor out, Tensor gateUp) {
        int n = out.columns();
        VectorSet v = vectors(n, out, gateUp);
        if (v == null) {
            int[] s = sizes((int) out.elements(), n);
            elements(set(out.dtype()).siluMul(), out.elements(), s, out, gateUp);
        } else {
            rows(v.siluMul(), out.rows(), sizes(out.rows(), n / LANES), NO_SCALARS, out, gateUp);
        }
    }

    @Override
    public void softmax(Tensor out, Tensor x) {
        int n = x.columns();
        if (!processor) {
            KernelCode kernel = set(x.dtype()).group().softmax();
            groups(kernel, x.rows(), ROW_LANES, sizes(x.rows(), n), NO_SCALARS, out, x);
            return;
        }
        VectorSet v = vectors(n, out, x);
        rows(
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
        VectorSet v = n % LANES == 0 ? vectors(LANES, out, a, b) : null;
        if (v == null) {
            elements(set(out.dtype()).add(), n, sizes(n), out, a, b);
        } else {
            int whole = n / LANES;
            long items = (whole + ADD_VECTORS - 1L) / ADD_VECTORS;
            rows(v.add(), items, sizes(whole, ADD_VECTORS), NO_SCALARS, out, a, b);
        }
    }

    @Override
    public void gatherRows(Tensor out, Tensor x, SequenceBatch batch) {
        rows(
                set(x.dtype()).gatherRows(),
                batch.batch(),
                sizes(batch.batch(), x.columns()),
                NO_SCALARS,
                out,
                x,
                batch.tokenOffsets());
    }

    @Override
    public void samplingProbabilities(Tensor out, Tensor logits, Sampling sampling) {
        rows(
                set(logits.dtype()).probabilities(),
                logits.rows(),
                sizes(logits.rows(), logits.columns(), sampling.topK()),
                scalars(1 / sampling.temperature(), sampling.topP()),
                out,
                logits);
    }

    @Override
    public void sample(Tensor tokens, Tensor logits, Sampling sampling, Tensor random) {
        int[] s =
                sizes(logits.rows(), logits.columns(), sampling.topK(), sampling.greedy() ? 1 : 0);
        rows(
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
        rows(
                set(x.dtype()).argmax(),
                x.rows(),
                sizes(x.rows(), x.columns()),
                NO_SCALARS,
                tokens,
                x);
    }

    @Override
    public void advance(SequenceBatch batch) {
        rows(
                KernelSet.ADVANCE,
                batch.batch(),
                sizes(batch.batch()),
                NO_SCALARS,
                batch.tokenOffsets(),
                batch.positions(),
                batch.cacheLength(),
                batch.slot());
    }

    @Override
    public void close() {
        scratch.close();
    }
}
