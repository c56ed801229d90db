package io.sparktts.contract;

import io.sparktts.backend.AttentionShape;
import io.sparktts.backend.DType;
import io.sparktts.backend.HostTensor;
import io.sparktts.backend.LayerWeights;
import io.sparktts.backend.ModelWeights;
import io.sparktts.backend.Weight;
import io.sparktts.backend.WeightRole;
import io.sparktts.model.RotaryTable;
import io.sparktts.oracle.ModelOracle;

import java.util.ArrayList;
import java.util.List;

/**
 * A model of random weights, on a device and in the oracle.
 *
 * @param weights on the device, with a tied head
 * @param oracle the same, rounded to the dtype and widened
 */
record RandomModel(ModelWeights weights, ModelOracle oracle) {
    private static final double THETA = 1e6;

    /** Sizes. */
    record Size(
            int vocabulary,
            int hidden,
            int intermediate,
            int layers,
            AttentionShape shape,
            int positions) {
        /** Multiply-adds of one token. */
        long operations() {
            long layer =
                    (long) hidden * (shape.qkvWidth() + shape.queryWidth() + 3L * intermediate);
            return layers * layer + (long) vocabulary * hidden;
        }

        @Override
        public String toString() {
            return layers
                    + " layers "
                    + hidden
                    + "x"
                    + intermediate
                    + " heads "
                    + shape.heads()
                    + "/"
                    + shape.kvHeads()
                    + "x"
                    + shape.headDim()
                    + " vocabulary "
                    + vocabulary;
        }
    }

    static RandomModel create(Fixture f, Size s) {
        AttentionShape shape = s.shape;
        int queries = shape.queryWidth();
        int kv = shape.kvHeads() * shape.headDim();
        List<LayerWeights> layers = new ArrayList<>();
        List<ModelOracle.Layer> truth = new ArrayList<>();
        for (int l = 0; l < s.layers; l++) {
            HostTensor q = f.matrix(queries, s.hidden);
            HostTensor k = f.matrix(kv, s.hidden);
            HostTensor v = f.matrix(kv, s.hidden);
            HostTensor o = f.matrix(s.hidden, queries);
            HostTensor gate = f.matrix(s.intermediate, s.hidden);
            HostTensor up = f.matrix(s.intermediate, s.hidden);
            HostTensor down = f.matrix(s.hidden, s.intermediate);
            GuardedTensor inputNorm = norm(f, "layer" + l + ".inputNorm", s.hidden);
            GuardedTensor postNorm = norm(f, "layer" + l + ".postAttentionNorm", s.hidden);
            GuardedTensor bias = f.input("layer" + l + ".qkvBias", shape.qkvWidth());
            layers.add(
                    new LayerWeights(
                            inputNorm.live(),
                            f.weight(WeightRole.QKV, q, k, v),
                            bias.live(),
                            f.weight(WeightRole.LINEAR, o),
                            postNorm.live(),
                            f.weight(WeightRole.GATE_UP, gate, up),
                            f.weight(WeightRole.LINEAR, down)));
            truth.add(
                    new ModelOracle.Layer(
                            inputNorm.initialRow(0),
                            joined(q, k, v),
                            bias.initialRow(0),
                            o.toDoubles(),
                            postNorm.initialRow(0),
                            joined(gate, up),
                            down.toDoubles()));
        }
        HostTensor table = f.matrix(s.vocabulary, s.hidden);
        Weight embedding = f.weight(WeightRole.EMBEDDING, table);
        GuardedTensor finalNorm = norm(f, "finalNorm", s.hidden);
        int half = shape.headDim() / 2;
        DType tableType = f.dtype == DType.F64 ? DType.F64 : DType.F32;
        double[] c = RowWorkloads.widen(RotaryTable.cos(s.positions, shape.headDim(), THETA));
        double[] n = RowWorkloads.widen(RotaryTable.sin(s.positions, shape.headDim(), THETA));
        GuardedTensor cos =
                f.values("cos", tableType, GuardedTensor.Use.INPUT, c, s.positions, half);
        GuardedTensor sin =
                f.values("sin", tableType, GuardedTensor.Use.INPUT, n, s.positions, half);
        double epsilon = RowWorkloads.EPSILON;
        ModelWeights weights =
                new ModelWeights(
                        shape,
                        f.dtype,
                        epsilon,
                        embedding,
                        layers,
                        finalNorm.live(),
                        embedding,
                        null,
                        cos.live(),
                        sin.live());
        double[] rows = table.toDoubles();
        return new RandomModel(
                weights,
                new ModelOracle(shape, epsilon, rows, truth, finalNorm.initialRow(0), rows, c, n));
    }

    /** Around 1, as trained norms are. */
    private static GuardedTensor norm(Fixture f, String name, int n) {
        double[] w = f.random().doubles(n, 0.5, 1.5).toArray();
        return f.values(name, f.dtype, GuardedTensor.Use.INPUT, w, n);
    }

    private static double[] joined(HostTensor... parts) {
        return java.util.Arrays.stream(parts)
                .flatMapToDouble(p -> java.util.Arrays.stream(p.toDoubles()))
                .toArray();
    }
}
