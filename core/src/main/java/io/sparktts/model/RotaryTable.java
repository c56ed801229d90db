package io.sparktts.model;

import java.util.function.DoubleUnaryOperator;
import java.util.stream.IntStream;

/**
 * The cos/sin table of rotary position embedding, built the way the published code (Hugging Face's
 * {@code Qwen2RotaryEmbedding}) builds it: inverse frequencies, angles, cosines and sines are each
 * rounded to float32. At large positions the float32 angle is off by many units of the table's last
 * place, so a table computed in float64 would not be the model that was trained.
 */
public final class RotaryTable {
    private RotaryTable() {}

    /** {@code [positions, headDim / 2]}, row-major: the cosine of each position's angles. */
    public static float[] cos(int positions, int headDim, double theta) {
        return cos(positions, inverseFrequencies(headDim, theta));
    }

    /** {@code [positions, headDim / 2]}, row-major: the sine of each position's angles. */
    public static float[] sin(int positions, int headDim, double theta) {
        return sin(positions, inverseFrequencies(headDim, theta));
    }

    /** The cosines for given inverse frequencies. */
    public static float[] cos(int positions, float[] inverseFrequencies) {
        return table(positions, inverseFrequencies, Math::cos);
    }

    /** The sines for given inverse frequencies. */
    public static float[] sin(int positions, float[] inverseFrequencies) {
        return table(positions, inverseFrequencies, Math::sin);
    }

    /**
     * {@code [headDim / 2]}: {@code 1 / theta^(2j / headDim)}, each step in float32 as the
     * published code does it.
     */
    public static float[] inverseFrequencies(int headDim, double theta) {
        float[] f = new float[headDim / 2];
        for (int j = 0; j < f.length; j++) {
            float exponent = (float) (2 * j) / headDim;
            f[j] = 1f / (float) Math.pow(theta, exponent);
        }
        return f;
    }

    private static float[] table(int positions, float[] f, DoubleUnaryOperator function) {
        float[] out = new float[Math.multiplyExact(positions, f.length)];
        IntStream.range(0, positions)
                .parallel()
                .forEach(
                        p -> {
                            for (int j = 0; j < f.length; j++) {
                                // The published code's angles are products of floats.
                                float angle = p * f[j];
                                out[p * f.length + j] = (float) function.applyAsDouble(angle);
                            }
                        });
        return out;
    }
}
