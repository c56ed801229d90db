package io.sparktts.reference;

import io.sparktts.backend.Activation;
import io.sparktts.backend.AttentionShape;
import io.sparktts.backend.Conv1d;
import io.sparktts.backend.DType;
import io.sparktts.backend.Kernels;
import io.sparktts.backend.KvCache;
import io.sparktts.backend.Philox;
import io.sparktts.backend.Sampling;
import io.sparktts.backend.SequenceBatch;
import io.sparktts.backend.Tensor;
import io.sparktts.backend.Weight;
import io.sparktts.backend.Window;
import io.sparktts.host.HostScratch;
import io.sparktts.oracle.CodecOracle;
import io.sparktts.oracle.Oracle;
import io.sparktts.oracle.SamplingOracle;

import org.jspecify.annotations.Nullable;

import java.util.Arrays;
import java.util.function.IntConsumer;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;

/**
 * Every operation: widen, call the oracle, round once. Rows run in parallel, each in a fixed order
 * of operations.
 */
final class ReferenceKernels implements Kernels, AutoCloseable {
    private final HostScratch scratch;

    ReferenceKernels(ReferenceDevice device) {
        scratch = new HostScratch(device);
    }

    @Override
    public Tensor scratch(String name, DType dtype, long rows, long columns) {
        return scratch.get(name, dtype, rows, columns);
    }

    private static void parallel(int n, IntConsumer body) {
        IntStream.range(0, n).parallel().forEach(body);
    }

    private static void eachRow(Tensor out, Tensor x, UnaryOperator<double[]> function) {
        Rows in = Rows.of(x);
        Rows result = Rows.of(out);
        parallel(
                x.rows(),
                r ->
                        result.set(
                                (long) r * out.columns(),
                                function.apply(in.get((long) r * x.columns(), x.columns()))));
    }

    @Override
    public void embedding(Tensor out, Tensor ids, Weight table) {
        ReferenceWeight w = (ReferenceWeight) table;
        int[] id = Rows.of(ids).ints();
        Rows result = Rows.of(out);
        parallel(id.length, t -> result.set((long) t * w.inFeatures(), w.row(id[t])));
    }

    @Override
    public void rmsNorm(Tensor out, Tensor x, Tensor weight, double epsilon) {
        double[] w = Rows.of(weight).all();
        eachRow(out, x, row -> Oracle.rmsNorm(row, w, epsilon));
    }

    @Override
    public void addRmsNorm(Tensor out, Tensor residual, Tensor x, Tensor weight, double epsilon) {
        double[] w = Rows.of(weight).all();
        int n = x.columns();
        Rows total = Rows.of(residual);
        Rows in = Rows.of(x);
        Rows result = Rows.of(out);
        parallel(
                x.rows(),
                r -> {
                    long start = (long) r * n;
                    double[] sum = new double[n];
                    result.set(
                            start,
                            Oracle.addRmsNorm(
                                    sum, total.get(start, n), in.get(start, n), w, epsilon));
                    total.set(start, sum);
                });
    }

    @Override
    public void linear(Tensor out, Tensor x, Weight weight, @Nullable Tensor bias) {
        double[][] y = product(all(x), weight, bias);
        Rows result = Rows.of(out);
        parallel(y.length, r -> result.set((long) r * out.columns(), y[r]));
    }

    /** A row of the weight is widened once for all rows of x. */
    private static double[][] product(double[][] x, Weight weight, @Nullable Tensor bias) {
        ReferenceWeight w = (ReferenceWeight) weight;
        double[] b = bias == null ? new double[w.outFeatures()] : Rows.of(bias).all();
        double[][] y = new double[x.length][w.outFeatures()];
        parallel(
                w.outFeatures(),
                o -> {
                    double[] row = w.row(o);
                    for (int r = 0; r < x.length; r++) {
                        y[r][o] = Oracle.dot(x[r], 0, row, 0, row.length) + b[o];
                    }
                });
        return y;
    }

    @Override
    public void rotary(Tensor qkv, AttentionShape shape, Tensor positions, Tensor cos, Tensor sin) {
        int[] position = Rows.of(positions).ints();
        double[] c = Rows.of(cos).all();
        double[] s = Rows.of(sin).all();
        int heads = shape.heads() + shape.kvHeads();
        int turned = heads * shape.headDim();
        Rows rows = Rows.of(qkv);
        parallel(
                position.length,
                t -> {
                    long start = (long) t * shape.qkvWidth();
                    double[] x = rows.get(start, turned);
                    Oracle.rotary(x, 0, heads, shape.headDim(), position[t], c, s);
                    rows.set(start, x);
                });
    }

    /** Calls {@code body} for each token that does not pad. */
    private static void eachToken(SequenceBatch batch, LiveToken body) {
        int[] offsets = Rows.of(batch.tokenOffsets()).ints();
        int[] positions = Rows.of(batch.positions()).ints();
        int[] slots = Rows.of(batch.slot()).ints();
        for (int b = 0; b < slots.length; b++) {
            int slot = slots[b];
            int first = offsets[b];
            if (slot >= 0) {
                parallel(
                        offsets[b + 1] - first,
                        i -> body.accept(first + i, slot, positions[first + i]));
            }
        }
    }

    private interface LiveToken {
        void accept(int token, int slot, int position);
    }

    @Override
    public void cacheWrite(
            KvCache cache, int layer, Tensor qkv, AttentionShape shape, SequenceBatch batch) {
        Rows rows = Rows.of(qkv);
        int width = shape.kvHeads() * shape.headDim();
        eachToken(
                batch,
                (t, slot, position) -> {
                    long keys = (long) t * shape.qkvWidth() + shape.queryWidth();
                    ((ReferenceCache) cache)
                            .write(
                                    layer,
                                    slot,
                                    position,
                                    rows.get(keys, width),
                                    rows.get(keys + width, width));
                });
    }

    @Override
    public void attention(
            Tensor out,
            Tensor qkv,
            KvCache cache,
            int layer,
            AttentionShape shape,
            SequenceBatch batch) {
        Rows rows = Rows.of(qkv);
        Rows result = Rows.of(out);
        ReferenceCache past = (ReferenceCache) cache;
        eachToken(
                batch,
                (t, slot, position) -> {
                    int seen = position + 1;
                    double[] q = rows.get((long) t * shape.qkvWidth(), shape.queryWidth());
                    double[] attended =
                            Oracle.attention(
                                    q,
                                    0,
                                    past.keys(layer, slot, seen),
                                    past.values(layer, slot, seen),
                                    seen,
                                    shape);
                    result.set((long) t * shape.queryWidth(), attended);
                });
    }

    @Override
    public void siluMul(Tensor out, Tensor gateUp) {
        eachRow(out, gateUp, Oracle::siluMul);
    }

    @Override
    public void swiGlu(Tensor out, Tensor x, Weight gateUp) {
        double[][] inner = activation(x, gateUp);
        Rows result = Rows.of(out);
        parallel(inner.length, r -> result.set((long) r * out.columns(), inner[r]));
    }

    @Override
    public void mlp(Tensor out, Tensor x, Weight gateUp, Weight down) {
        double[][] y = product(activation(x, gateUp), down, null);
        Rows result = Rows.of(out);
        parallel(y.length, r -> result.set((long) r * out.columns(), y[r]));
    }

    private static double[][] activation(Tensor x, Weight gateUp) {
        double[][] both = product(all(x), gateUp, null);
        return Arrays.stream(both).map(Oracle::siluMul).toArray(double[][]::new);
    }

    @Override
    public void softmax(Tensor out, Tensor x) {
        eachRow(out, x, Oracle::softmax);
    }

    @Override
    public void add(Tensor out, Tensor a, Tensor b) {
        Rows left = Rows.of(a);
        Rows right = Rows.of(b);
        Rows result = Rows.of(out);
        int n = a.columns();
        parallel(
                a.rows(),
                r ->
                        result.set(
                                (long) r * n,
                                Oracle.add(left.get((long) r * n, n), right.get((long) r * n, n))));
    }

    @Override
    public void gatherRows(Tensor out, Tensor x, SequenceBatch batch) {
        int[] offsets = Rows.of(batch.tokenOffsets()).ints();
        Rows in = Rows.of(x);
        Rows result = Rows.of(out);
        int n = x.columns();
        for (int b = 0; b < batch.batch(); b++) {
            if (offsets[b + 1] > offsets[b]) {
                result.set((long) b * n, in.get((offsets[b + 1] - 1L) * n, n));
            }
        }
    }

    @Override
    public void samplingProbabilities(Tensor out, Tensor logits, Sampling sampling) {
        eachRow(out, logits, row -> SamplingOracle.probabilities(row, sampling));
    }

    @Override
    public void sample(Tensor tokens, Tensor logits, Sampling sampling, Tensor random) {
        if (sampling.greedy()) {
            argmax(tokens, logits);
        }
        Rows state = Rows.of(random);
        Rows result = Rows.of(tokens);
        Rows in = Rows.of(logits);
        int n = logits.columns();
        int[] s = state.ints();
        parallel(
                logits.rows(),
                r -> {
                    int at = r * 4;
                    if (!sampling.greedy()) {
                        double u = Philox.uniform(s[at], s[at + 1], s[at + 2], s[at + 3]);
                        double[] p =
                                SamplingOracle.probabilities(in.get((long) r * n, n), sampling);
                        result.tensor().set(r, SamplingOracle.draw(p, u));
                    }
                    state.tensor().set(at + 3L, s[at + 3] + 1);
                });
    }

    @Override
    public void argmax(Tensor tokens, Tensor x) {
        Rows in = Rows.of(x);
        Rows result = Rows.of(tokens);
        int n = x.columns();
        parallel(x.rows(), r -> result.tensor().set(r, Oracle.argmax(in.get((long) r * n, n))));
    }

    @Override
    public void advance(SequenceBatch batch) {
        Rows positions = Rows.of(batch.positions());
        Rows length = Rows.of(batch.cacheLength());
        eachToken(batch, (t, slot, position) -> positions.tensor().set(t, position + 1));
        int[] slots = Rows.of(batch.slot()).ints();
        for (int b = 0; b < slots.length; b++) {
            if (slots[b] >= 0) {
                length.tensor().set(b, length.tensor().get(b) + 1);
            }
        }
    }

    @Override
    public void layerNorm(Tensor out, Tensor x, Tensor weight, Tensor bias, double epsilon) {
        double[] w = Rows.of(weight).all();
        double[] b = Rows.of(bias).all();
        eachRow(out, x, row -> CodecOracle.layerNorm(row, w, b, epsilon));
    }

    @Override
    public void activation(Tensor out, Tensor x, Activation function) {
        eachRow(
                out,
                x,
                row -> Arrays.stream(row).map(v -> CodecOracle.activation(v, function)).toArray());
    }

    @Override
    public void geglu(Tensor out, Tensor valueGate) {
        eachRow(out, valueGate, CodecOracle::geglu);
    }

    @Override
    public void affine(Tensor out, Tensor x, Tensor scale, @Nullable Tensor shift) {
        double[] factors = Rows.of(scale).all();
        double[] added = shift == null ? null : Rows.of(shift).all();
        eachRow(out, x, row -> CodecOracle.affine(row, factors, added));
    }

    @Override
    public void columnMean(Tensor out, Tensor x) {
        double[] sum = new double[x.columns()];
        for (double[] row : all(x)) {
            sum = Oracle.add(sum, row);
        }
        Rows.of(out).set(0, Arrays.stream(sum).map(v -> v / x.rows()).toArray());
    }

    private static double[][] all(Tensor x) {
        Rows in = Rows.of(x);
        double[][] rows = new double[x.rows()][];
        Arrays.setAll(rows, r -> in.get((long) r * x.columns(), x.columns()));
        return rows;
    }

    @Override
    public void copyColumns(Tensor out, int outColumn, Tensor x, int xColumn, int columns) {
        Rows in = Rows.of(x);
        Rows result = Rows.of(out);
        parallel(
                out.rows(),
                r ->
                        result.set(
                                (long) r * out.columns() + outColumn,
                                in.get((long) r * x.columns() + xColumn, columns)));
    }

    @Override
    public void bidirectionalAttention(Tensor out, Tensor q, Tensor k, Tensor v, int heads) {
        double[] keys = Rows.of(k).all();
        double[] values = Rows.of(v).all();
        AttentionShape shape = new AttentionShape(heads, heads, q.columns() / heads);
        eachRow(out, q, row -> Oracle.attention(row, 0, keys, values, k.rows(), shape));
    }

    @Override
    public void unfold(Tensor out, Tensor x, Window window, int firstChannel) {
        double[][] in = all(x);
        int n = out.columns() / window.taps();
        Rows result = Rows.of(out);
        parallel(
                out.rows(),
                r ->
                        result.set(
                                (long) r * out.columns(),
                                CodecOracle.unfold(in, r, window, firstChannel, n)));
    }

    @Override
    public void depthwiseConv1d(Tensor out, Tensor x, Tensor weight, Tensor bias, Conv1d shape) {
        double[][] in = all(x);
        double[] w = Rows.of(weight).all();
        double[] b = Rows.of(bias).all();
        Rows result = Rows.of(out);
        parallel(
                out.rows(),
                r ->
                        result.set(
                                (long) r * out.columns(),
                                CodecOracle.depthwise(in, r, shape.window(), w, b)));
    }

    @Override
    public void snake(Tensor out, Tensor x, Tensor alpha) {
        double[] a = Rows.of(alpha).all();
        eachRow(out, x, row -> CodecOracle.snake(row, a));
    }

    @Override
    public void close() {
        scratch.close();
    }
}
