package io.sparktts.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.util.SplittableRandom;

class DTypeTest {
    private static float bf16(double value) {
        return DType.bf16ToFloat(DType.doubleToBf16(value));
    }

    private static float f16(double value) {
        return Float.float16ToFloat(DType.doubleToF16(value));
    }

    @Test
    void tiesGoToEven() {
        assertEquals(1f, bf16(1 + 0x1p-8));
        assertEquals(1 + 0x1p-6f, bf16(1 + 0x1p-7 + 0x1p-8));
        assertEquals(1f, f16(1 + 0x1p-11));
        assertEquals(1 + 0x1p-9f, f16(1 + 0x1p-10 + 0x1p-11));
    }

    /** Through float first, these would become ties and go down. */
    @Test
    void doublesAreRoundedOnce() {
        assertEquals(1 + 0x1p-7f, bf16(1 + 0x1p-8 + 0x1p-40));
        assertEquals(1 + 0x1p-10f, f16(1 + 0x1p-11 + 0x1p-40));
        assertEquals(-1 - 0x1p-7f, bf16(-1 - 0x1p-8 - 0x1p-40));
        assertEquals(1f, bf16(1 + 0x1p-8 - 0x1p-40));
    }

    @Test
    void extremes() {
        assertTrue(Float.isNaN(bf16(Double.NaN)));
        assertTrue(
                Float.isNaN(
                        DType.bf16ToFloat(DType.floatToBf16(Float.intBitsToFloat(0x7f800001)))));
        assertEquals(Float.POSITIVE_INFINITY, bf16(Double.POSITIVE_INFINITY));
        assertEquals(Float.POSITIVE_INFINITY, f16(65520));
        assertEquals(65504f, f16(65519));
        assertEquals(0x1p-24f, f16(0x1p-24));
        assertEquals(-0f, bf16(-0.0));
    }

    @Test
    void everyBf16SurvivesARoundTrip() {
        for (int bits = 0; bits < 1 << 16; bits++) {
            float f = DType.bf16ToFloat((short) bits);
            if (!Float.isNaN(f)) {
                assertEquals((short) bits, DType.floatToBf16(f));
                assertEquals((short) bits, DType.doubleToBf16(f));
            }
        }
    }

    @Test
    void floatBitsAreRoundedAsFloatsAre() {
        SplittableRandom random = new SplittableRandom(1);
        for (int n : new int[] {0, 1, 17, 1000}) {
            int[] bits = random.ints(n).map(i -> i & 0xbf7fffff).toArray();
            assertRounded(bits);
            if (n > 0) {
                bits[n / 2] = 0x7f800000;
                assertRounded(bits);
                bits[n - 1] = 0xff800001;
                assertRounded(bits);
            }
        }
    }

    private static void assertRounded(int[] bits) {
        short[] rounded = new short[bits.length];
        DType.floatBitsToBf16(bits, rounded, bits.length);
        for (int i = 0; i < bits.length; i++) {
            assertEquals(DType.floatToBf16(Float.intBitsToFloat(bits[i])), rounded[i]);
        }
    }

    @Test
    void names() {
        assertEquals(DType.BF16, DType.parse("bf16"));
        assertTrue(
                assertThrows(IllegalArgumentException.class, () -> DType.parse("i32"))
                        .getMessage()
                        .contains("f64, f32, f16, bf16"));
    }
}
