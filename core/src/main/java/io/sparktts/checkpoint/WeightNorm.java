package io.sparktts.checkpoint;

import io.sparktts.backend.DType;
import io.sparktts.backend.HostTensor;

import java.lang.foreign.Arena;
import java.util.stream.IntStream;

/**
 * Weight normalisation (Salimans and Kingma 2016): {@code w = v * g / |v|}, with a gain for each
 * index of one axis and the norm over all other axes. Computed in double and rounded once, on all
 * cores: memory that tensors lie in is shared between threads.
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
        for (int j = 0; j < norms.length; j++) {
            if (norms[j] == 0) {
                throw new ArithmeticException("all zero at index " + j + " of axis " + axis);
            }
        }
        HostTensor weight = HostTensor.allocate(arena, DType.F32, directions.shape());
        forEach(
                directions,
                axis,
                (j, first, values) -> {
                    double gain = gains.get(j);
                    for (int i = 0; i < values.length; i++) {
                        values[i] = values[i] * gain / norms[j];
                    }
                    weight.write(first, values, 0, values.length);
                });
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
                (j, first, values) -> {
                    for (double value : values) {
                        norms[j] += value * value;
                    }
                });
        for (int j = 0; j < norms.length; j++) {
            norms[j] = Math.sqrt(norms[j]);
        }
        return norms;
    }

    /** Takes a run of elements in a row that share an index of the axis. */
    private interface Visitor {
        void visit(int index, long first, double[] values);
    }

    /** Visits the indices of the axis at the same time, but the runs of each in their order. */
    private static void forEach(HostTensor t, int axis, Visitor visitor) {
        int extent = (int) t.dim(axis);
        long inner = 1;
        for (int i = axis + 1; i < t.shape().length; i++) {
            inner *= t.dim(i);
        }
        int run = Math.toIntExact(inner);
        IntStream.range(0, extent)
                .parallel()
                .forEach(
                        j -> {
                            double[] values = new double[run];
                            long stride = (long) extent * run;
                            for (long i = (long) j * run; i < t.elements(); i += stride) {
                                t.read(i, values, 0, run);
                                visitor.visit(j, i, values);
                            }
                        });
    }
}
