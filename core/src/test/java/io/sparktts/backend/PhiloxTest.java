package io.sparktts.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class PhiloxTest {
    /** Known answers of Random123's {@code kat_vectors} for philox4x32-10. */
    @Test
    void knownAnswers() {
        assertEquals(0x6627e8d5, Philox.word(0, 0, 0, 0, 0, 0));
        assertEquals(0x408f276d, Philox.word(-1, -1, -1, -1, -1, -1));
        assertEquals(
                0xd16cfe09,
                Philox.word(
                        0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xa4093822, 0x299f31d0));
    }

    @Test
    void uniformIsInRangeAndEven() {
        double sum = 0;
        int n = 10_000;
        for (int position = 0; position < n; position++) {
            float u = Philox.uniform(1, 2, 3, position);
            assertTrue(u >= 0 && u < 1);
            sum += u;
        }
        assertEquals(0.5, sum / n, 0.01);
    }
}
