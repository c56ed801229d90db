package io.sparktts.contract;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sparktts.backend.Sampling;
import io.sparktts.model.RotaryTable;
import io.sparktts.oracle.Oracle;
import io.sparktts.oracle.SamplingOracle;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.util.Arrays;

/** The oracle against float64 results of the published implementation. */
class OracleGoldenTest {
    private static final double CLOSE = 1e-12;

    private static GoldenFile ops() {
        return GoldenFile.open(
                GoldenChecks.bundledDirectory().resolve("ops/ops_golden.safetensors"));
    }

    private static double[] row(double[] all, int row, int n) {
        return Arrays.copyOfRange(all, row * n, (row + 1) * n);
    }

    @Test
    void rmsNorm() {
        try (GoldenFile f = ops()) {
            double[] w = f.values("f32.rmsnorm.in.weight");
            double[] x = f.values("f32.rmsnorm.in.x");
            double[] truth = f.values("f32.rmsnorm.truth");
            for (int r = 0; r < x.length / w.length; r++) {
                assertArrayEquals(
                        row(truth, r, w.length),
                        Oracle.rmsNorm(row(x, r, w.length), w, 1e-6),
                        CLOSE);
            }
        }
    }

    @Test
    void swiGlu() {
        try (GoldenFile f = ops()) {
            double[] gate = f.values("f32.swiglu.in.gate_proj");
            double[] up = f.values("f32.swiglu.in.up_proj");
            double[] down = f.values("f32.swiglu.in.down_proj");
            int n = (int) f.shape("f32.swiglu.in.x")[1];
            double[] x = f.values("f32.swiglu.in.x");
            double[] truth = f.values("f32.swiglu.truth");
            for (int r = 0; r < x.length / n; r++) {
                double[] g = Oracle.linear(row(x, r, n), gate, null);
                double[] both = Arrays.copyOf(g, 2 * g.length);
                System.arraycopy(
                        Oracle.linear(row(x, r, n), up, null), 0, both, g.length, g.length);
                assertArrayEquals(
                        row(truth, r, n), Oracle.linear(Oracle.siluMul(both), down, null), CLOSE);
            }
        }
    }

    @Test
    void softmax() {
        try (GoldenFile f = ops()) {
            int n = (int) f.shape("f32.softmax.truth")[1];
            double[] x = f.values("f32.softmax.in.x");
            double[] truth = f.values("f32.softmax.truth");
            for (int r = 0; r < x.length / n; r++) {
                assertArrayEquals(row(truth, r, n), Oracle.softmax(row(x, r, n)), CLOSE);
            }
        }
    }

    /** The table that goes into every kernel: the published float32 angles, not better ones. */
    @Test
    void rotaryTable() {
        try (GoldenFile f = ops()) {
            int[] positions = f.ints("f32.rope_q.in.positions");
            int d = (int) f.shape("f32.rope.hf_cos")[2];
            double[] published = f.values("f32.rope.inv_freq_f32");
            float[] frequencies = RotaryTable.inverseFrequencies(d, 1e6);
            double[] hfCos = f.values("f32.rope.hf_cos");
            double[] hfSin = f.values("f32.rope.hf_sin");
            float[] exact = new float[published.length];
            for (int j = 0; j < published.length; j++) {
                assertEquals(published[j], frequencies[j], Math.ulp(frequencies[j]));
                exact[j] = (float) published[j];
            }
            int most = Arrays.stream(positions).max().orElse(0) + 1;
            float[] cos = RotaryTable.cos(most, exact);
            float[] sin = RotaryTable.sin(most, exact);
            for (int t = 0; t < positions.length; t++) {
                for (int j = 0; j < d / 2; j++) {
                    int at = positions[t] * (d / 2) + j;
                    assertEquals(hfCos[t * d + j], cos[at], 1.2e-7);
                    assertEquals(hfSin[t * d + j], sin[at], 1.2e-7);
                }
            }
        }
    }

    @Test
    void draw() {
        double[] p = {0, 0.25, 0, 0.5, 0.25, 0};
        assertEquals(1, SamplingOracle.draw(p, 0));
        assertEquals(1, SamplingOracle.draw(p, Math.nextDown(0.25)));
        assertEquals(3, SamplingOracle.draw(p, 0.25));
        assertEquals(4, SamplingOracle.draw(p, Math.nextDown(1.0)));
    }

    @Test
    void processorsInOrder() {
        double[] logits = {0, 3, 1, 3, -1, 2};
        double[] two = SamplingOracle.probabilities(logits, Sampling.of(1, 2, 1));
        assertArrayEquals(new double[] {0, 0.5, 0, 0.5, 0, 0}, two, CLOSE);
        double[] tied = SamplingOracle.probabilities(logits, Sampling.of(1, 1, 1));
        assertArrayEquals(two, tied, CLOSE, "ties with the k-th stay");
        double[] largest =
                SamplingOracle.probabilities(new double[] {1, 5, 2}, Sampling.of(1, 0, 0));
        assertArrayEquals(new double[] {0, 1, 0}, largest, CLOSE, "the largest always stays");
    }

    @Test
    void firstOfEquals() {
        assertEquals(1, Oracle.argmax(new double[] {-2, 3, 3, 1}));
    }

    @Test
    void incompleteGoldenDirectory(@TempDir Path empty) {
        GoldenException e = assertThrows(GoldenException.class, () -> GoldenChecks.of(empty));
        assertTrue(e.getMessage().contains("lacks ops/ops_golden.json"));
        assertTrue(
                assertThrows(GoldenException.class, () -> GoldenChecks.of(empty.resolve("none")))
                        .getMessage()
                        .contains("does not exist"));
    }
}
