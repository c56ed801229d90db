package io.sparktts.contract;

import io.sparktts.backend.AttentionShape;
import io.sparktts.backend.HostTensor;
import io.sparktts.backend.KvCache;
import io.sparktts.backend.Op;
import io.sparktts.backend.SequenceBatch;
import io.sparktts.contract.Fixture.Truth;
import io.sparktts.contract.GuardedTensor.Use;
import io.sparktts.oracle.Oracle;

import java.util.Arrays;

/**
 * Attention over a cache that was full of NaN before the keys and values of the sequences were
 * written into it, so that a read past a sequence's end shows. The tensor with the queries holds
 * NaN for keys and values, and the other way round.
 */
final class AttentionWorkloads {
    private static final int LAYERS = 2;
    private static final int LAYER = 1;
    private static final int SPARE_POSITIONS = 5;

    private AttentionWorkloads() {}

    static KernelWorkload uniform(int batch, int past, int fresh, AttentionShape shape) {
        return attention(Op.ATTENTION, Sequences.uniform(batch, past, fresh), shape);
    }

    /**
     * @param op {@code ATTENTION}, or {@code CACHE_WRITE} for a call that writes the step's tokens
     *     and attends
     */
    static KernelWorkload attention(Op op, Sequences s, AttentionShape shape) {
        String text = s + " heads " + shape.heads() + "/" + shape.kvHeads() + "x" + shape.headDim();
        long pairs = 0;
        for (int t = 0; t < s.tokens(); t++) {
            pairs += s.sequenceOf(t) < 0 ? 0 : s.position(t) + 1;
        }
        long flops = 4 * pairs * shape.queryWidth();
        return new KernelWorkload(op, text, flops, f -> setUp(f, op, s, shape, flops));
    }

    private static void setUp(Fixture f, Op op, Sequences s, AttentionShape shape, long flops) {
        int kvWidth = shape.kvHeads() * shape.headDim();
        double[][] keys = new double[s.batch()][];
        double[][] values = new double[s.batch()][];
        for (int b = 0; b < s.batch(); b++) {
            int n = (s.past()[b] + s.fresh()[b]) * kvWidth;
            keys[b] = rounded(f, n);
            values[b] = rounded(f, n);
        }
        Sequences before = s.before();
        boolean hasPast = before.tokens() > 0;
        SequenceBatch pastBatch = before.bring(f, "past.", Use.INPUT).tensors();
        GuardedTensor past = keysAndValues(f, "past.qkv", before, shape, keys, values);
        SequenceBatch batch = s.bring(f, "", Use.INPUT).tensors();
        GuardedTensor fresh = keysAndValues(f, "fresh.qkv", s, shape, keys, values);
        GuardedTensor queries = queries(f, s, shape);
        GuardedTensor out = f.output("out", f.dtype, s.tokens(), shape.queryWidth());
        int capacity = s.longest() + SPARE_POSITIONS;
        KvCache cache = f.own(f.device.kvCache(f.dtype, LAYERS, s.slots(), shape, capacity));

        f.onReset(
                () -> {
                    cache.fill(Double.NaN);
                    if (hasPast) {
                        f.kernels.cacheWrite(cache, LAYER, past.live(), shape, pastBatch);
                    }
                    if (op == Op.ATTENTION) {
                        f.kernels.cacheWrite(cache, LAYER, fresh.live(), shape, batch);
                    }
                });
        f.call(
                k -> {
                    if (op == Op.CACHE_WRITE) {
                        k.cacheWrite(cache, LAYER, fresh.live(), shape, batch);
                    }
                    k.attention(out.live(), queries.live(), cache, LAYER, shape, batch);
                });
        long cacheBytes = 0;
        for (int b = 0; b < s.batch(); b++) {
            cacheBytes += 2L * (s.past()[b] + s.fresh()[b]) * kvWidth * f.dtype.bytes();
        }
        f.cost(cacheBytes + 2 * out.live().byteSize(), flops);
        String variant = op == Op.ATTENTION ? f.variant : "";
        Tolerance tolerance = Tolerance.of(Op.ATTENTION, variant);
        long k = (long) s.longest() + shape.headDim();
        f.expectRows(
                out,
                t -> s.sequenceOf(t) >= 0,
                tolerance,
                k,
                t -> {
                    int b = s.sequenceOf(t);
                    int seen = s.position(t) + 1;
                    double[] truth =
                            Oracle.attention(
                                    queries.initialRow(t), 0, keys[b], values[b], seen, shape);
                    return new Truth(truth, 1 / Math.sqrt(seen));
                });
    }

    private static double[] rounded(Fixture f, int n) {
        double[] v = new double[n];
        Arrays.setAll(v, i -> f.random().nextGaussian());
        return HostTensor.of(f.arena, f.dtype, v, n).toDoubles();
    }

    private static GuardedTensor queries(Fixture f, Sequences s, AttentionShape shape) {
        int width = shape.qkvWidth();
        double[] rows = new double[s.tokens() * width];
        Arrays.fill(rows, Double.NaN);
        for (int t = 0; t < s.tokens(); t++) {
            for (int i = 0; i < shape.queryWidth() && s.sequenceOf(t) >= 0; i++) {
                rows[t * width + i] = f.random().nextGaussian();
            }
        }
        return f.values("qkv", f.dtype, Use.INPUT, rows, s.tokens(), width);
    }

    /** Rows of a step with keys and values of its tokens; NaN in those that pad. */
    private static GuardedTensor keysAndValues(
            Fixture f,
            String name,
            Sequences s,
            AttentionShape shape,
            double[][] keys,
            double[][] values) {
        int width = shape.qkvWidth();
        int kvWidth = shape.kvHeads() * shape.headDim();
        double[] rows = new double[s.tokens() * width];
        Arrays.fill(rows, Double.NaN);
        for (int t = 0; t < s.tokens(); t++) {
            int b = s.sequenceOf(t);
            if (b >= 0) {
                int from = s.position(t) * kvWidth;
                System.arraycopy(keys[b], from, rows, t * width + shape.queryWidth(), kvWidth);
                System.arraycopy(
                        values[b], from, rows, t * width + shape.queryWidth() + kvWidth, kvWidth);
            }
        }
        return f.values(name, f.dtype, Use.INPUT, rows, s.tokens(), width);
    }
}
