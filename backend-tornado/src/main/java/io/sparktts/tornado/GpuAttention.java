package io.sparktts.tornado;

import static io.sparktts.tornado.Launcher.NO_SCALARS;
import static io.sparktts.tornado.Launcher.ROW_LANES;
import static io.sparktts.tornado.Launcher.set;
import static io.sparktts.tornado.Launcher.sizes;

import io.sparktts.backend.AttentionShape;
import io.sparktts.backend.DType;
import io.sparktts.backend.SequenceBatch;
import io.sparktts.backend.Tensor;
import io.sparktts.tornado.MatrixProduct.Operand;
import io.sparktts.tornado.kernel.KernelSet.GroupSequenceSet;

import java.util.List;

/** Attention on GPUs: a work-group per head and token, or a library's products for a prompt. */
final class GpuAttention {
    /** Tokens from which products pay: before, most of their tiles would be empty. */
    private static final int PROMPT_TOKENS = 16;

    /** Scores of a prompt, 1 GB: beyond, heads go to work-groups. */
    private static final long MOST_SCORES = 1L << 28;

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
        /** Elements of the scores of a prompt over the whole cache. */
        private long scores() {
            return (long) shape.heads() * batch.tokens() * cache.capacity();
        }

        private List<Tensor> cached() {
            return List.of(cache.keys(), cache.values());
        }
    }

    /** Whether a work-group can make a head. */
    static boolean fitsGroup(AttentionShape shape) {
        return shape.headDim() <= ROW_LANES;
    }

    /** Whether it is a prompt of one sequence, whose products a library can make. */
    static boolean isPrompt(Call call) {
        return call.batch.batch() == 1
                && call.batch.tokens() >= PROMPT_TOKENS
                && call.scores() <= MOST_SCORES;
    }

    void byGroups(Call call) {
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

    /** Scores of all heads, their softmax, and its product with the values. */
    void byProducts(Call call) {
        AttentionShape shape = call.shape;
        SequenceBatch batch = call.batch;
        GroupSequenceSet set = set(call.qkv.dtype()).group().sequence();
        DType dtype = call.qkv.dtype();
        int tokens = batch.tokens();
        int span = call.cache.capacity();
        int dim = shape.headDim();
        int heads = shape.heads();
        int share = heads / shape.kvHeads();
        long ofHead = (long) span * dim;
        Tensor keys = scratch.get("attention.keys", dtype, shape.kvHeads(), ofHead);
        Tensor values = scratch.get("attention.values", dtype, shape.kvHeads(), ofHead);
        long rows = (long) heads * tokens;
        Tensor scores = scratch.get("attention.scores", DType.F32, rows, span);
        Tensor weights =
                dtype == DType.F32 ? scores : scratch.get("attention.weights", dtype, rows, span);
        Tensor whole = scratch.get("attention.whole", dtype, tokens, shape.queryWidth());
        List<Tensor> places = List.of(batch.tokenOffsets(), batch.positions(), batch.slot());
        launcher.cached(
                set.gatherCache(),
                keys.elements(),
                Launcher.GROUP,
                sizes(
                        (int) keys.elements(),
                        shape.kvHeads(),
                        dim,
                        span,
                        call.cache.layerOffset(call.layer),
                        span),
                call.cached(),
                List.of(keys, values, places.get(0), places.get(1), places.get(2)),
                2);
        long square = (long) tokens * span;
        float scale = (float) (1 / Math.sqrt(dim));
        for (int h = 0; h < shape.kvHeads(); h++) {
            int first = h * share;
            launcher.run(
                    new MatrixProduct(
                            tokens,
                            span,
                            dim,
                            share,
                            Operand.of(scores, first * square, span, square),
                            Operand.of(call.qkv, (long) first * dim, shape.qkvWidth(), dim),
                            Operand.of(keys, h * ofHead, dim, 0),
                            true,
                            scale));
        }
        launcher.groups(
                set.causalSoftmax(),
                rows,
                ROW_LANES,
                sizes(tokens, span),
                NO_SCALARS,
                weights,
                scores,
                places.get(0),
                places.get(1),
                places.get(2));
        for (int h = 0; h < shape.kvHeads(); h++) {
            int first = h * share;
            launcher.run(
                    new MatrixProduct(
                            tokens,
                            dim,
                            span,
                            share,
                            Operand.of(whole, (long) first * dim, shape.queryWidth(), dim),
                            Operand.of(weights, first * square, span, square),
                            Operand.of(values, h * ofHead, dim, 0),
                            false,
                            1));
        }
        launcher.elements(
                set.copyLive(),
                whole.elements(),
                sizes((int) whole.elements(), shape.queryWidth()),
                call.out,
                whole,
                batch.tokenOffsets(),
                batch.slot());
    }
}
