package io.sparktts.tornado;

import static io.sparktts.tornado.Launcher.NO_SCALARS;
import static io.sparktts.tornado.Launcher.QUAD;
import static io.sparktts.tornado.Launcher.ROW_LANES;
import static io.sparktts.tornado.Launcher.set;
import static io.sparktts.tornado.Launcher.sizes;

import io.sparktts.backend.AttentionShape;
import io.sparktts.backend.DType;
import io.sparktts.backend.SequenceBatch;
import io.sparktts.backend.Tensor;
import io.sparktts.tornado.MatrixProduct.Operand;
import io.sparktts.tornado.f32.QuadAttentionKernels;
import io.sparktts.tornado.kernel.KernelSet.PromptSet;
import io.sparktts.tornado.kernel.KernelSet.QuadSet;

import org.jspecify.annotations.Nullable;

import java.util.List;
import java.util.Objects;

/**
 * Attention on GPUs: a work-group per head and token, or for a prompt a library's products or its
 * whole attention.
 */
final class GpuAttention {
    /** Tokens from which products pay: before, most of their tiles would be empty. */
    private static final int PROMPT_TOKENS = 16;

    /** Scores of a prompt, 1 GB: beyond, heads go to work-groups. */
    private static final long MOST_SCORES = 1L << 28;

    /** Elements of what splits leave, 64 MB: tokens beyond are enough to fill a device. */
    private static final long MOST_PARTS = 1L << 24;

    /** Elements that make 16 bytes of the shortest dtypes. */
    private static final int SPAN_UNIT = 8;

    /** Widths of heads that cuDNN takes are its multiples. */
    private static final int CUDNN_UNIT = 8;

    private final Launcher launcher;
    private final Scratch scratch;

    GpuAttention(Launcher launcher, Scratch scratch) {
        this.launcher = launcher;
        this.scratch = scratch;
    }

    /** A call's arguments. */
    record Call(
            Tensor out,
            Tensor qkv,
            TornadoCache cache,
            int layer,
            AttentionShape shape,
            SequenceBatch batch) {
        /** Positions of the cache, rounded up to rows that a library reads fast. */
        private int span() {
            return (cache.capacity() + SPAN_UNIT - 1) / SPAN_UNIT * SPAN_UNIT;
        }

        /** Elements of the scores of a prompt over the whole cache. */
        private long scores() {
            return (long) shape.heads() * batch.tokens() * span();
        }

        /** Whether the prompt may be most of the cache, all of which cuDNN works through. */
        boolean fillsCache() {
            return cache.capacity() <= 2 * batch.tokens();
        }

        private List<Tensor> cached() {
            return List.of(cache.keys(), cache.values());
        }
    }

    /** Whether a work-group can make a head. */
    static boolean fitsGroup(AttentionShape shape) {
        return shape.headDim() <= ROW_LANES;
    }

    private @Nullable QuadSet quads(Call call) {
        return launcher.quads(call.qkv.dtype(), call.shape.headDim(), call.out, call.qkv);
    }

    /** Whether it is a prompt of one sequence. */
    private boolean isPrompt(Call call) {
        return quads(call) != null
                && call.batch.batch() == 1
                && call.batch.tokens() >= PROMPT_TOKENS;
    }

    /** Whether a library can make its products. */
    boolean fitsProducts(Call call) {
        return isPrompt(call) && call.scores() <= MOST_SCORES;
    }

    /** Whether cuDNN can make all of it. */
    boolean fitsCudnn(Call call) {
        return isPrompt(call)
                && call.qkv.dtype() == DType.F16
                && call.shape.headDim() % CUDNN_UNIT == 0;
    }

    /** By splits of the context where a head's width allows it, and tokens are few. */
    void byGroups(Call call) {
        AttentionShape shape = call.shape;
        int capacity = call.cache.capacity();
        int splits = (capacity + QuadAttentionKernels.SPLIT - 1) / QuadAttentionKernels.SPLIT;
        QuadSet quads = quads(call);
        int width = QuadAttentionKernels.STATE + shape.headDim();
        long rows = (long) call.batch.tokens() * shape.heads();
        if (quads == null || rows * splits * width > MOST_PARTS) {
            byWholeHeads(call);
            return;
        }
        SequenceBatch batch = call.batch;
        Tensor parts = scratch.get("attention.parts", DType.F32, rows, (long) splits * width);
        launcher.cached(
                quads.attentionPart(),
                rows * splits * QuadAttentionKernels.SPLIT,
                QuadAttentionKernels.SPLIT,
                sizes(
                        splits,
                        batch.batch(),
                        shape.qkvWidth(),
                        shape.heads(),
                        shape.kvHeads(),
                        shape.headDim(),
                        capacity,
                        call.cache.layerOffset(call.layer)),
                call.cached(),
                List.of(parts, call.qkv, batch.tokenOffsets(), batch.positions(), batch.slot()),
                2);
        int ofHead = shape.headDim() / QUAD;
        int merged = Math.toIntExact(rows * ofHead);
        launcher.elements(
                quads.attentionMerge(),
                merged,
                sizes(merged, batch.batch(), shape.heads(), shape.headDim(), splits),
                call.out,
                parts,
                batch.tokenOffsets(),
                batch.positions(),
                batch.slot());
    }

    private void byWholeHeads(Call call) {
        AttentionShape shape = call.shape;
        SequenceBatch batch = call.batch;
        int groups = batch.tokens() * shape.heads();
        launcher.cached(
                set(call.qkv.dtype()).group().sequence().attention(),
                (long) groups * ROW_LANES,
                ROW_LANES,
                sizes(
                        batch.tokens(),
                        batch.batch(),
                        shape.qkvWidth(),
                        shape.heads(),
                        shape.kvHeads(),
                        shape.headDim(),
                        call.cache.capacity(),
                        call.cache.layerOffset(call.layer)),
                call.cached(),
                List.of(call.out, call.qkv, batch.tokenOffsets(), batch.positions(), batch.slot()),
                2);
    }

    private PromptSet prompts(Call call) {
        return Objects.requireNonNull(quads(call)).prompt();
    }

    /** Keys and values of the only sequence, repeated for the heads that share them. */
    private record Cached(Tensor keys, Tensor values) {}

    private Cached gatherCache(Call call, PromptSet set, int span) {
        AttentionShape shape = call.shape;
        SequenceBatch batch = call.batch;
        DType dtype = call.qkv.dtype();
        int heads = shape.heads();
        long ofHead = (long) span * shape.headDim();
        Tensor keys = scratch.get("attention.keys", dtype, heads, ofHead);
        Tensor values = scratch.get("attention.values", dtype, heads, ofHead);
        int quads = Math.toIntExact(keys.elements() / QUAD);
        launcher.cached(
                set.gatherCache(),
                quads,
                Launcher.GROUP,
                sizes(
                        quads,
                        heads,
                        shape.kvHeads(),
                        shape.headDim(),
                        call.cache.capacity(),
                        call.cache.layerOffset(call.layer),
                        span),
                call.cached(),
                List.of(keys, values, batch.tokenOffsets(), batch.positions(), batch.slot()),
                2);
        return new Cached(keys, values);
    }

    /**
     * A query stands at its position among the keys, so that the mask of whole sequences is right
     * wherever the prompt begins.
     */
    void byCudnn(Call call) {
        AttentionShape shape = call.shape;
        SequenceBatch batch = call.batch;
        PromptSet set = prompts(call);
        int span = call.cache.capacity();
        int dim = shape.headDim();
        Cached cached = gatherCache(call, set, span);
        long ofHead = (long) span * dim;
        Tensor queries = scratch.get("attention.queries", DType.F16, shape.heads(), ofHead);
        Tensor attended = scratch.get("attention.attended", DType.F16, shape.heads(), ofHead);
        int quads = batch.tokens() * shape.queryWidth() / QUAD;
        int[] s = sizes(quads, shape.qkvWidth() / QUAD, shape.heads(), dim / QUAD, span);
        launcher.elements(
                set.placeQueries(),
                quads,
                s,
                queries,
                call.qkv,
                batch.tokenOffsets(),
                batch.positions(),
                batch.slot());
        launcher.run(CausalAttention.of(attended, queries, cached.keys, cached.values, span, dim));
        launcher.elements(
                set.takeAttended(),
                quads,
                s,
                call.out,
                attended,
                batch.tokenOffsets(),
                batch.positions(),
                batch.slot());
    }

    /** Scores of all heads, their weights, and the products of these with the values. */
    void byProducts(Call call) {
        AttentionShape shape = call.shape;
        SequenceBatch batch = call.batch;
        DType dtype = call.qkv.dtype();
        PromptSet set = prompts(call);
        int tokens = batch.tokens();
        int span = call.span();
        int dim = shape.headDim();
        int heads = shape.heads();
        int width = shape.queryWidth();
        long ofHead = (long) span * dim;
        long rows = (long) heads * tokens;
        Cached cached = gatherCache(call, set, span);
        Tensor keys = cached.keys;
        Tensor values = cached.values;
        Tensor scores = scratch.get("attention.scores", DType.F32, rows, span);
        Tensor sums = scratch.get("attention.sums", DType.F32, rows, 1);
        Tensor weights =
                dtype == DType.F32 ? scores : scratch.get("attention.weights", dtype, rows, span);
        Tensor whole = scratch.get("attention.whole", DType.F32, tokens, width);
        Tensor offsets = batch.tokenOffsets();
        Tensor positions = batch.positions();
        Tensor slot = batch.slot();
        long square = (long) tokens * span;
        launcher.run(
                new MatrixProduct(
                        tokens,
                        span,
                        dim,
                        heads,
                        Operand.of(scores, 0, span, square),
                        Operand.of(call.qkv, 0, shape.qkvWidth(), dim),
                        Operand.of(keys, 0, dim, ofHead),
                        true,
                        (float) (1 / Math.sqrt(dim))));
        int[] s = sizes((int) rows, tokens, span / QUAD, Launcher.WARP);
        launcher.groups(
                set.causalWeights(),
                (rows * Launcher.WARP + ROW_LANES - 1) / ROW_LANES,
                ROW_LANES,
                s,
                NO_SCALARS,
                weights,
                sums,
                scores,
                offsets,
                positions,
                slot);
        launcher.run(
                new MatrixProduct(
                        tokens,
                        dim,
                        span,
                        heads,
                        Operand.of(whole, 0, width, dim),
                        Operand.of(weights, 0, span, square),
                        Operand.of(values, 0, dim, ofHead),
                        false,
                        1));
        int outQuads = Math.toIntExact(whole.elements() / QUAD);
        launcher.elements(
                set.divideLive(),
                outQuads,
                sizes(outQuads, width / QUAD, dim / QUAD, tokens),
                call.out,
                whole,
                sums,
                offsets,
                slot);
    }
}
