package io.sparktts.tornado.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sparktts.backend.Activation;
import io.sparktts.oracle.CodecOracle;

import org.junit.jupiter.api.Test;

import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.vectors.Float8;

import java.util.function.DoubleUnaryOperator;

/** Functions of one element, and of eight, against float64; errors in units of the last place. */
class FunctionsTest {
    private static final double UNIT = 0x1p-23;
    private static final float STEP = 0.000_37f;

    private interface Function {
        float of(float x);
    }

    /**
     * @param units of the true value's size, and of {@code scale} on top
     */
    private static void sweep(
            Function f,
            DoubleUnaryOperator truth,
            float from,
            float to,
            double units,
            double scale) {
        for (int i = 0; from + i * STEP <= to; i++) {
            float x = from + i * STEP;
            double t = truth.applyAsDouble(x);
            double error = Math.abs(f.of(x) - t);
            double bound = UNIT * (units * Math.abs(t) + scale) + 0x1p-126;
            assertTrue(error <= bound, () -> x + " gives " + f.of(x) + ", not " + t);
        }
    }

    private static DoubleUnaryOperator truth(Activation function) {
        return x -> CodecOracle.activation(x, function);
    }

    private static double sinSquared(double x) {
        return Math.pow(Math.sin(x), 2);
    }

    private static Float8 same(float x) {
        return new Float8(x, x, x, x, x, x, x, x);
    }

    @Test
    void activationsKeepTheirRelativePrecision() {
        sweep(Functions::gelu, truth(Activation.GELU), -12.5f, 12.5f, 6, 0);
        sweep(Functions::tanh, truth(Activation.TANH), -25, 25, 3, 0);
        sweep(Functions::sigmoid, truth(Activation.SIGMOID), -80, 80, 3, 0);
    }

    @Test
    void activationsStayFiniteFarOut() {
        for (float x : new float[] {30, 1e3f, 1e10f, Float.MAX_VALUE}) {
            assertEquals(x, Functions.gelu(x));
            assertEquals(0, Functions.gelu(-x), 0);
            assertEquals(1, Functions.tanh(x));
            assertEquals(-1, Functions.tanh(-x));
            assertEquals(1, Functions.sigmoid(x));
            assertEquals(0, Functions.sigmoid(-x), 1e-13);
        }
    }

    @Test
    void squaredSineHoldsOverManyPeriods() {
        sweep(Functions::sinSquared, FunctionsTest::sinSquared, -1.5f, 1.5f, 3, 0);
        sweep(Functions::sinSquared, FunctionsTest::sinSquared, -160, 160, 1, 2);
        for (float tiny = 1; tiny > 1e-15f; tiny /= 3) {
            double t = sinSquared(tiny);
            assertEquals(t, Functions.sinSquared(tiny), 3 * UNIT * t);
        }
    }

    @Test
    void eightNeighboursDoAsOne() {
        FloatArray powers = FloatArray.fromArray(Float8s.powers());
        sweep(x -> Float8s.gelu(same(x), powers).getS7(), truth(Activation.GELU), -8, 8, 8, 0.01);
        sweep(x -> Float8s.sinSquared(same(x)).getS0(), FunctionsTest::sinSquared, -160, 160, 1, 2);
        Float8 mixed = new Float8(-3f, -1f, -0f, 0.5f, 1f, 2f, 4f, 9f);
        Float8 gelu = Float8s.gelu(mixed, powers);
        Float8 sine = Float8s.sinSquared(mixed);
        for (int i = 0; i < 8; i++) {
            assertEquals(Functions.gelu(mixed.get(i)), gelu.get(i), 1e-6f);
            assertEquals(Functions.sinSquared(mixed.get(i)), sine.get(i), 1e-6f);
        }
    }

    @Test
    void tapsOutsideTheInputAreLeftOut() {
        for (int dilation : new int[] {1, 2, 3}) {
            for (int frame = -20; frame <= 20; frame++) {
                for (int frames : new int[] {1, 4, 13}) {
                    int first = Taps.first(frame, dilation, 7);
                    int end = Taps.end(frame, dilation, 7, frames);
                    for (int tap = 0; tap < 7; tap++) {
                        int at = frame + tap * dilation;
                        assertEquals(at >= 0 && at < frames, tap >= first && tap < end);
                    }
                }
            }
        }
    }
}
