package io.sparktts.tornado;

import uk.ac.manchester.tornado.api.types.HalfFloat;
import uk.ac.manchester.tornado.api.types.arrays.HalfFloatArray;

/** What a library makes of {@link CausalAttention}, as plain Java. */
final class EmulatedAttention {
    private EmulatedAttention() {}

    static void run(CausalAttention a) {
        for (int h = 0; h < a.heads(); h++) {
            for (int i = 0; i < a.span(); i++) {
                row(a, h * a.span() * a.headDim(), i);
            }
        }
    }

    private static float get(TornadoBuffer buffer, int i) {
        return ((HalfFloatArray) buffer.memory()).get(i).getFloat32();
    }

    private static void row(CausalAttention a, int head, int i) {
        int dim = a.headDim();
        double[] weights = new double[i + 1];
        double max = Double.NEGATIVE_INFINITY;
        for (int k = 0; k <= i; k++) {
            for (int j = 0; j < dim; j++) {
                weights[k] +=
                        get(a.queries(), head + i * dim + j) * get(a.keys(), head + k * dim + j);
            }
            weights[k] *= a.scale();
            max = Math.max(max, weights[k]);
        }
        double total = 0;
        for (int k = 0; k <= i; k++) {
            weights[k] = Math.exp(weights[k] - max);
            total += weights[k];
        }
        for (int j = 0; j < dim; j++) {
            double sum = 0;
            for (int k = 0; k <= i; k++) {
                sum += weights[k] * get(a.values(), head + k * dim + j);
            }
            HalfFloat rounded = new HalfFloat((float) (sum / total));
            ((HalfFloatArray) a.out().memory()).set(head + i * dim + j, rounded);
        }
    }
}
