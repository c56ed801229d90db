package io.sparktts.oracle;

import io.sparktts.backend.AttentionShape;

import org.jspecify.annotations.Nullable;

import java.util.function.IntFunction;
import java.util.stream.IntStream;

/**
 * The operations of the language model in float64, without any intermediate rounding. Functions of
 * one row take and return one row; matrices are row-major. Written to be read, not to be fast:
 * every other implementation is judged against these.
 */
public final class Oracle {
    private Oracle() {}

    /** Rows {@code ids} of {@code table [vocabulary, hidden]}: {@code [tokens, hidden]}. */
    public static double[] embedding(double[] table, int hidden, int[] ids) {
        double[] out = new double[ids.length * hidden];
        for (int t = 0; t < ids.length; t++) {
            System.arraycopy(table, ids[t] * hidden, out, t * hidden, hidden);
        }
        return out;
    }

    /**
     * {@code w * x / sqrt(mean(x^2) + eps)} of one row (Zhang and Sennrich 2019); all {@code [n]}.
     */
    public static double[] rmsNorm(double[] x, double[] weight, double epsilon) {
        double sum = 0;
        for (double v : x) {
            sum += v * v;
        }
        double scale = 1 / Math.sqrt(sum / x.length + epsilon);
        double[] out = new double[x.length];
        for (int i = 0; i < x.length; i++) {
            out[i] = x[i] * scale * weight[i];
        }
        return out;
    }

    /**
     * {@code residual + x} and the norm of the sum, of one row.
     *
     * @param sum out: {@code [n]}, the new residual
     */
    public static double[] addRmsNorm(
            double[] sum, double[] residual, double[] x, double[] weight, double epsilon) {
        System.arraycopy(add(residual, x), 0, sum, 0, sum.length);
        return rmsNorm(sum, weight, epsilon);
    }

    /**
     * {@code W x + bias}: {@code x [in]}, {@code weight [out, in]}, {@code bias [out]} or null;
     * {@code [out]}.
     */
    public static double[] linear(double[] x, double[] weight, double @Nullable [] bias) {
        int in = x.length;
        int out = in == 0 ? 0 : weight.length / in;
        double[] y = new double[out];
        for (int o = 0; o < out; o++) {
            double sum = bias == null ? 0 : bias[o];
            for (int i = 0; i < in; i++) {
                sum += weight[o * in + i] * x[i];
            }
            y[o] = sum;
        }
        return y;
    }

    /**
     * The same where the matrix is too large for one array: its rows come one at a time. Outputs
     * are spread over threads; the sum of each is sequential, so the result does not depend on
     * their number.
     *
     * @param weightRow row {@code o} of the matrix, {@code [in]}; called from several threads
     */
    public static double[] linear(
            double[] x,
            int outFeatures,
            IntFunction<double[]> weightRow,
            double @Nullable [] bias) {
        double[] y = new double[outFeatures];
        IntStream.range(0, outFeatures)
                .parallel()
                .forEach(
                        o ->
                                y[o] =
                                        dot(x, 0, weightRow.apply(o), 0, x.length)
                                                + (bias == null ? 0 : bias[o]));
        return y;
    }

    /** Dot product of {@code n} elements, summed in index order. */
    public static double dot(double[] a, int aOffset, double[] b, int bOffset, int n) {
        double sum = 0;
        for (int i = 0; i < n; i++) {
            sum += a[aOffset + i] * b[bOffset + i];
        }
        return sum;
    }

    /**
     * Rotary position embedding in the rotate-half layout, in place (Su et al. 2021, as in Hugging
     * Face's {@code apply_rotary_pos_emb}): the pair {@code (x[j], x[j + d/2])} turns by the angle
     * {@code j} of the position.
     *
     * @param x a row that holds {@code heads} heads of {@code d} from {@code offset} on
     * @param cos {@code [positions, d/2]}
     * @param sin like {@code cos}
     */
    public static void rotary(
            double[] x, int offset, int heads, int d, int position, double[] cos, double[] sin) {
        int half = d / 2;
        for (int h = 0; h < heads; h++) {
            for (int j = 0; j < half; j++) {
                int lo = offset + h * d + j;
                int hi = lo + half;
                double c = cos[position * half + j];
                double s = sin[position * half + j];
                double a = x[lo];
                double b = x[hi];
                x[lo] = a * c - b * s;
                x[hi] = b * c + a * s;
            }
        }
    }

    /**
     * Grouped-query attention of one token (Ainslie et al. 2023): query head {@code h} attends with
     * key/value head {@code h / group}, scale {@code 1 / sqrt(headDim)}.
     *
     * @param q {@code [heads, headDim]} of the token, from {@code qOffset} on
     * @param keys {@code [positions, kvHeads, headDim]}, rotated
     * @param values {@code [positions, kvHeads, headDim]}
     * @param seen how many positions the token sees: its own position plus one (causal)
     * @return {@code [heads, headDim]}
     */
    public static double[] attention(
            double[] q,
            int qOffset,
            double[] keys,
            double[] values,
            int seen,
            AttentionShape shape) {
        int d = shape.headDim();
        int stride = shape.kvHeads() * d;
        double[] out = new double[shape.queryWidth()];
        for (int h = 0; h < shape.heads(); h++) {
            int kv = h / shape.group() * d;
            double[] scores = new double[seen];
            for (int p = 0; p < seen; p++) {
                scores[p] = dot(q, qOffset + h * d, keys, p * stride + kv, d) / Math.sqrt(d);
            }
            double[] weights = softmax(scores);
            for (int p = 0; p < seen; p++) {
                for (int i = 0; i < d; i++) {
                    out[h * d + i] += weights[p] * values[p * stride + kv + i];
                }
            }
        }
        return out;
    }

    /** {@code x / (1 + exp(-x))} (SiLU, also called swish). */
    public static double silu(double x) {
        return x / (1 + Math.exp(-x));
    }

    /** {@code silu(gate) * up} of one joined row {@code [2n]}: {@code [n]}. */
    public static double[] siluMul(double[] gateUp) {
        int n = gateUp.length / 2;
        double[] out = new double[n];
        for (int i = 0; i < n; i++) {
            out[i] = silu(gateUp[i]) * gateUp[n + i];
        }
        return out;
    }

    /** Softmax of one row, shifted by its maximum; {@code -inf} gets 0. */
    public static double[] softmax(double[] x) {
        double max = Double.NEGATIVE_INFINITY;
        for (double v : x) {
            max = Math.max(max, v);
        }
        double[] out = new double[x.length];
        double sum = 0;
        for (int i = 0; i < x.length; i++) {
            out[i] = Math.exp(x[i] - max);
            sum += out[i];
        }
        for (int i = 0; i < x.length; i++) {
            out[i] /= sum;
        }
        return out;
    }

    /** Element by element. */
    public static double[] add(double[] a, double[] b) {
        double[] out = new double[a.length];
        for (int i = 0; i < out.length; i++) {
            out[i] = a[i] + b[i];
        }
        return out;
    }

    /** Index of the largest element, the first of equals. */
    public static int argmax(double[] x) {
        int best = 0;
        for (int i = 1; i < x.length; i++) {
            if (x[i] > x[best]) {
                best = i;
            }
        }
        return best;
    }
}
