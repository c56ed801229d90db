package io.sparktts.checkpoint;

import io.sparktts.backend.DType;
import io.sparktts.backend.HostTensor;

import java.lang.foreign.Arena;

/**
 * Weight normalisation (Salimans and Kingma 2016): {@code w = v * g / |v|}, with a gain for each
 * index of one axis and the norm over all other axes. Computed in double and rounded once.
 */
final class WeightNorm {
    private WeightNorm() {}

    /** The shape of the gains of a weight: 1 but for the axis that has gains of its own. */
    static long[] gainShape(long[] weight, int axis) {
        long[] shape = new long[weight.length];
        for (int i = 0; i < shape.length; i++) {
            shape[i] = i == axis ? weight[i] : 1;
        }
        return shape;
    }

    /**
     * The weight, in F32.
     *
     * @param gains of shape {@link #gainShape}
     * @param directions of the weight's shape
     * @throws ArithmeticException if a norm is 0, which no gain can scale
     */
    static HostTensor fold(HostTensor gains, HostTensor directions, int axis, Arena arena) {
        double[] norms = norms(directions, axis);
        double[] scale = new double[norms.length];
        for (int j = 0; j < scale.length; j++) {
            if (norms[j] == 0) {
                throw new ArithmeticException("all zero at index " + j + " of axis " + axis);
            }
            scale[j] = gains.get(j);
        }
        HostTensor weight = HostTensor.allocate(arena, DType.F32, directions.shape());
        forEach(directions, axis, (i, j) -> weight.set(i, directions.get(i) * scale[j] / norms[j]));
        return weight;
    }

    /** The gains of a weight that is its own direction, in F32. */
    static HostTensor gains(HostTensor weight, int axis, Arena arena) {
        double[] norms = norms(weight, axis);
        return HostTensor.of(arena, DType.F32, norms, gainShape(weight.shape(), axis));
    }

    /** The Euclidean norm for each index of an axis. */
    private static double[] norms(HostTensor t, int axis) {
        double[] norms = new double[Math.toIntExact(t.dim(axis))];
        forEach(
                t,
                axis,
                (i, j) -> {
                    double value = t.get(i);
                    norms[j] += value * value;
                });
        for (int j = 0; j < norms.length; j++) {
            norms[j] = Math.sqrt(norms[j]);
        }
        return norms;
    }

    /** Takes the flat index of an element and its index along an axis. */
    private interface Visitor {
        void visit(long element, int index);
    }

    private static void forEach(HostTensor t, int axis, Visitor visitor) {
        long inner = 1;
        for (int i = axis + 1; i < t.shape().length; i++) {
            inner *= t.dim(i);
        }
        int extent = (int) t.dim(axis);
        long element = 0;
        while (element < t.elements()) {
            for (int j = 0; j < extent; j++) {
                for (long k = 0; k < inner; k++) {
                    visitor.visit(element++, j);
                }
            }
        }
    }
}
