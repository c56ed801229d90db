package io.sparktts.oracle;

import io.sparktts.backend.Activation;
import io.sparktts.backend.Window;

import org.jspecify.annotations.Nullable;

/**
 * The operations of the codec in float64, as {@link Oracle} has those of the language model. A
 * frame is a row, a channel a column.
 */
public final class CodecOracle {
    /** Keeps the snake of a zero {@code alpha} finite (BigVGAN, and Spark-TTS after it). */
    private static final double SNAKE_EPSILON = 1e-9;

    private CodecOracle() {}

    /** Layer normalisation of one row (Ba, Kiros and Hinton 2016); all {@code [n]}. */
    public static double[] layerNorm(double[] x, double[] weight, double[] bias, double epsilon) {
        double mean = 0;
        for (double v : x) {
            mean += v;
        }
        mean /= x.length;
        double variance = 0;
        for (double v : x) {
            variance += (v - mean) * (v - mean);
        }
        double scale = 1 / Math.sqrt(variance / x.length + epsilon);
        double[] out = new double[x.length];
        for (int i = 0; i < x.length; i++) {
            out[i] = (x[i] - mean) * scale * weight[i] + bias[i];
        }
        return out;
    }

    /** A function of one element. */
    public static double activation(double x, Activation function) {
        return switch (function) {
            case GELU -> gelu(x);
            case RELU -> Math.max(x, 0);
            case SIGMOID -> 1 / (1 + Math.exp(-x));
            case TANH -> Math.tanh(x);
        };
    }

    /** {@code x Phi(x)}, the exact GELU (Hendrycks and Gimpel 2016). */
    public static double gelu(double x) {
        return 0.5 * x * Erf.erfc(-x / Math.sqrt(2));
    }

    /** {@code value * gelu(gate)} of a joined row {@code [2n]}, the value first: {@code [n]}. */
    public static double[] geglu(double[] valueGate) {
        int n = valueGate.length / 2;
        double[] out = new double[n];
        for (int i = 0; i < n; i++) {
            out[i] = valueGate[i] * gelu(valueGate[n + i]);
        }
        return out;
    }

    /** {@code x * scale + shift} of one row; all {@code [n]}. */
    public static double[] affine(double[] x, double[] scale, double @Nullable [] shift) {
        double[] out = new double[x.length];
        for (int i = 0; i < x.length; i++) {
            out[i] = x[i] * scale[i] + (shift == null ? 0 : shift[i]);
        }
        return out;
    }

    /** {@code x + sin(alpha x)^2 / (alpha + 1e-9)} of one row; all {@code [n]}. */
    public static double[] snake(double[] x, double[] alpha) {
        double[] out = new double[x.length];
        for (int i = 0; i < x.length; i++) {
            double s = Math.sin(alpha[i] * x[i]);
            out[i] = x[i] + s * s / (alpha[i] + SNAKE_EPSILON);
        }
        return out;
    }

    /**
     * What one row of a convolution sees.
     *
     * @param x {@code [frames][channels]}
     * @return {@code [taps * n]}, the channels of a tap adjacent
     */
    public static double[] unfold(double[][] x, int row, Window window, int firstChannel, int n) {
        double[] out = new double[window.taps() * n];
        for (int j = 0; j < window.taps(); j++) {
            int frame = window.frame(row, j);
            if (frame >= 0 && frame < x.length) {
                System.arraycopy(x[frame], firstChannel, out, j * n, n);
            }
        }
        return out;
    }

    /**
     * One output frame of a convolution of each channel by itself.
     *
     * @param x {@code [frames][channels]}
     * @param weight {@code [taps, channels]}
     * @param bias {@code [channels]}
     */
    public static double[] depthwise(
            double[][] x, int row, Window window, double[] weight, double[] bias) {
        int n = bias.length;
        double[] out = bias.clone();
        double[] seen = unfold(x, row, window, 0, n);
        for (int i = 0; i < seen.length; i++) {
            out[i % n] += seen[i] * weight[i];
        }
        return out;
    }
}
