package io.sparktts.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sparktts.backend.DType;
import io.sparktts.backend.Op;

import org.junit.jupiter.api.Test;

import java.util.SplittableRandom;

class ToleranceTest {
    @Test
    void copiesAreExact() {
        for (Op op : new Op[] {Op.EMBEDDING, Op.GATHER_ROWS, Op.ARGMAX, Op.ADVANCE}) {
            assertEquals(0, Tolerance.of(op, "any").bound(DType.F32, 1, 1, 100));
        }
    }

    @Test
    void oneRoundingOfASumFits() {
        double x = 1 + 0x1p-8;
        double rounded = DType.bf16ToFloat(DType.doubleToBf16(x));
        double bound = Tolerance.of(Op.ADD, "any").bound(DType.BF16, x, x, 1);
        assertTrue(Math.abs(rounded - x) <= bound / 1.9);
    }

    @Test
    void onlyTheLabelledVariantMayUseTf32() {
        double plain = Tolerance.of(Op.LINEAR, "fused").bound(DType.F32, 0, 1, 100);
        assertTrue(Tolerance.of(Op.LINEAR, "tf32").bound(DType.F32, 0, 1, 100) > 100 * plain);
    }

    /**
     * A float accumulator is well inside at every length, a bfloat16 one and a dropped term are
     * outside.
     */
    @Test
    void dotProducts() {
        SplittableRandom random = new SplittableRandom(1);
        for (int k : new int[] {63, 896, 4864}) {
            double worstFloat = 0;
            double worstNarrow = 0;
            double worstDropped = 0;
            for (int repeat = 0; repeat < 200; repeat++) {
                double truth = 0;
                double magnitude = 0;
                float sum = 0;
                float narrow = 0;
                double last = 0;
                for (int i = 0; i < k; i++) {
                    float x = (float) random.nextGaussian();
                    float w = (float) (random.nextGaussian() / Math.sqrt(k));
                    last = (double) x * w;
                    truth += last;
                    magnitude += last * last;
                    sum += x * w;
                    narrow = DType.bf16ToFloat(DType.floatToBf16(narrow + x * w));
                }
                double bound =
                        Tolerance.of(Op.LINEAR, "any")
                                .bound(DType.F32, truth, Math.sqrt(magnitude), k);
                worstFloat = Math.max(worstFloat, Math.abs(sum - truth) / bound);
                worstDropped = Math.max(worstDropped, Math.abs(last) / bound);
                double coarse =
                        Tolerance.of(Op.LINEAR, "any")
                                .bound(DType.BF16, truth, Math.sqrt(magnitude), k);
                worstNarrow = Math.max(worstNarrow, Math.abs(narrow - truth) / coarse);
            }
            assertTrue(worstFloat < 0.5, "float accumulator at " + k + ": " + worstFloat);
            assertTrue(worstNarrow > 2, "bfloat16 accumulator at " + k + ": " + worstNarrow);
            assertTrue(worstDropped > 2, "dropped term at " + k + ": " + worstDropped);
        }
    }
}
