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
     * @param directions of the weight's shape; of F64 the float nearest counts
     * @throws ArithmeticException if a norm is 0, which no gain can scale
     */
    static HostTensor fold(HostTensor gains, HostTensor directions, int axis, Arena arena) {
        Runs runs = new Runs(directions, axis);
        HostTensor weight = HostTensor.allocate(arena, DType.F32, directions.shape());
        double[] norms = new double[runs.extent];
        runs.forEachIndex(
                (j, values) -> {
                    double norm = runs.norm(j, values);
                    double gain = gains.get(j);
                    norms[j] = norm;
                    for (long at = runs.first(j); at < runs.elements; at += runs.stride) {
                        directions.read(at, values, 0, values.length);
                        for (int i = 0; i < values.length; i++) {
                            values[i] = (float) (values[i] * gain / norm);
                        }
                        weight.write(at, values, 0, values.length);
                    }
                });
        for (int j = 0; j < norms.length; j++) {
            if (norms[j] == 0) {
                throw new ArithmeticException("all zero at index " + j + " of axis " + axis);
            }
        }
        return weight;
    }

    /** The gains of a weight that is its own direction, in F32. */
    static HostTensor gains(HostTensor weight, int axis, Arena arena) {
        Runs runs = new Runs(weight, axis);
        double[] norms = new double[runs.extent];
        runs.forEachIndex((j, values) -> norms[j] = runs.norm(j, values));
        return HostTensor.of(arena, DType.F32, norms, gainShape(weight.shape(), axis));
    }

    /** The runs of elements in a row that share an index of an axis. */
    private static final class Runs {
        private final HostTensor t;
        private final int extent;
        private final int length;
        private final long stride;
        private final long elements;

        Runs(HostTensor t, int axis) {
            this.t = t;
            extent = Math.toIntExact(t.dim(axis));
            long inner = 1;
            for (int i = axis + 1; i < t.shape().length; i++) {
                inner *= t.dim(i);
            }
            length = Math.toIntExact(inner);
            stride = extent * inner;
            elements = t.elements();
        }

        /** Where the first run of an index starts; the next one is a stride further. */
        long first(int index) {
            return (long) index * length;
        }

        /** Takes the indices at the same time, each with memory for one of its runs. */
        void forEachIndex(Visitor visitor) {
            IntStream.range(0, extent).parallel().forEach(j -> visitor.visit(j, new float[length]));
        }

        /** The Euclidean norm of what shares an index. */
        double norm(int index, float[] values) {
            double squares = 0;
            for (long at = first(index); at < elements; at += stride) {
                t.read(at, values, 0, length);
                squares += squares(values);
            }
            return Math.sqrt(squares);
        }

        /** In four sums, which do not wait for one another. */
        private static double squares(float[] values) {
            double a = 0;
            double b = 0;
            double c = 0;
            double d = 0;
            int i = 0;
            for (; i + 3 < values.length; i += 4) {
                a += (double) values[i] * values[i];
                b += (double) values[i + 1] * values[i + 1];
                c += (double) values[i + 2] * values[i + 2];
                d += (double) values[i + 3] * values[i + 3];
            }
            for (; i < values.length; i++) {
                a += (double) values[i] * values[i];
            }
            return a + b + (c + d);
        }
    }

    /** Takes an index and memory. */
    private interface Visitor {
        void visit(int index, float[] values);
    }
}
