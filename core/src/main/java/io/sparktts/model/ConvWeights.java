package io.sparktts.model;

import io.sparktts.backend.ConvTranspose1d;
import io.sparktts.backend.HostTensor;

import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * Published convolution weights as the matrices that {@link io.sparktts.backend.Kernels} takes. The
 * order of additions within an output is theirs, not the published one. Memory that results are
 * made in is shared between threads.
 */
public final class ConvWeights {
    private ConvWeights() {}

    /**
     * A convolution as rows over the frames it sees.
     *
     * @param weight {@code [out, in, kernel]}
     * @return {@code [out, kernel * in]}
     */
    public static HostTensor rows(HostTensor weight, Arena arena) {
        int out = (int) weight.dim(0);
        int in = (int) weight.dim(1);
        int kernel = (int) weight.dim(2);
        HostTensor rows = HostTensor.allocate(arena, weight.dtype(), out, (long) kernel * in);
        IntStream.range(0, out)
                .parallel()
                .forEach(
                        o -> {
                            int n = kernel * in;
                            double[] channels = new double[n];
                            weight.read((long) o * n, channels, 0, n);
                            double[] taps = new double[n];
                            for (int j = 0; j < kernel; j++) {
                                for (int c = 0; c < in; c++) {
                                    taps[j * in + c] = channels[c * kernel + j];
                                }
                            }
                            rows.write((long) o * n, taps, 0, n);
                        });
        return rows;
    }

    /**
     * A convolution of each channel by itself, taps outermost.
     *
     * @param weight {@code [channels, 1, kernel]}
     * @return {@code [kernel, channels]}
     */
    public static HostTensor depthwise(HostTensor weight, Arena arena) {
        int channels = (int) weight.dim(0);
        int kernel = (int) weight.dim(2);
        HostTensor taps = HostTensor.allocate(arena, weight.dtype(), kernel, channels);
        for (int j = 0; j < kernel; j++) {
            for (int c = 0; c < channels; c++) {
                taps.set((long) j * channels + c, weight.get((long) c * kernel + j));
            }
        }
        return taps;
    }

    /**
     * A transposed convolution as rows over the frames it sees, one row for each of the {@code
     * stride} output frames of an input frame.
     *
     * @param weight {@code [in, out, kernel]}
     * @return {@code [stride * out, taps * in]}, zero past the kernel
     */
    public static HostTensor transposed(HostTensor weight, ConvTranspose1d shape, Arena arena) {
        int in = (int) weight.dim(0);
        int out = (int) weight.dim(1);
        int kernel = (int) weight.dim(2);
        int taps = shape.taps();
        HostTensor rows =
                HostTensor.allocate(
                        arena, weight.dtype(), (long) shape.stride() * out, (long) taps * in);
        IntStream.range(0, out)
                .parallel()
                .forEach(
                        o -> {
                            double[] channels = new double[in * kernel];
                            for (int c = 0; c < in; c++) {
                                long from = ((long) c * out + o) * kernel;
                                weight.read(from, channels, c * kernel, kernel);
                            }
                            double[] row = new double[taps * in];
                            for (int phase = 0; phase < shape.stride(); phase++) {
                                for (int j = 0; j < taps; j++) {
                                    int tap = phase + (taps - 1 - j) * shape.stride();
                                    for (int c = 0; c < in; c++) {
                                        row[j * in + c] =
                                                tap < kernel ? channels[c * kernel + tap] : 0;
                                    }
                                }
                                long to = ((long) phase * out + o) * row.length;
                                rows.write(to, row, 0, row.length);
                            }
                        });
        return rows;
    }

    /** {@code t} times {@code factor}, each element rounded to its dtype once. */
    public static HostTensor scaled(HostTensor t, double factor, Arena arena) {
        double[] factors = new double[Math.toIntExact(t.dim(0))];
        Arrays.fill(factors, factor);
        return scaledRows(t, factors, arena);
    }

    /** Row {@code o} of {@code [out, ...]} times {@code factors[o]}. */
    public static HostTensor scaledRows(HostTensor matrix, double[] factors, Arena arena) {
        HostTensor scaled = HostTensor.allocate(arena, matrix.dtype(), matrix.shape());
        double[] row = new double[Math.toIntExact(matrix.elements() / factors.length)];
        for (int o = 0; o < factors.length; o++) {
            long at = (long) o * row.length;
            matrix.read(at, row, 0, row.length);
            for (int i = 0; i < row.length; i++) {
                row[i] *= factors[o];
            }
            scaled.write(at, row, 0, row.length);
        }
        return scaled;
    }

    /** Part {@code i} of {@code count} equal parts of the first dimension, in the same memory. */
    public static HostTensor part(HostTensor t, int i, int count) {
        long[] shape = t.shape();
        shape[0] /= count;
        long bytes = t.data().byteSize() / count;
        return new HostTensor(t.dtype(), shape, t.data().asSlice(i * bytes, bytes));
    }

    /** A bias {@code times} times, one after the other. */
    public static HostTensor repeat(HostTensor bias, int times, Arena arena) {
        long n = bias.elements();
        HostTensor repeated = HostTensor.allocate(arena, bias.dtype(), n * times);
        for (long i = 0; i < n * times; i++) {
            repeated.set(i, bias.get(i % n));
        }
        return repeated;
    }
}
