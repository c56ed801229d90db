package io.sparktts.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class ComparisonTest {
    private static Comparison one(double actual, double truth, double bound) {
        Comparison.Builder c = new Comparison.Builder();
        c.element(actual, truth, bound, "x", 7);
        return c.build();
    }

    @Test
    void errorIsMeasuredInItsBound() {
        Comparison c = one(1.5, 1, 2);
        assertTrue(c.passed());
        assertEquals(0.5, c.maxAbsDiff());
        assertEquals(0.25, c.worstInTolerance());
        assertFalse(one(1.5, 1, 0.25).passed());
        assertTrue(one(1.5, 1, 0.25).message().startsWith("x[7] is 1.5"));
    }

    @Test
    void nonFiniteIsCountedAndDoesNotHideTheRest() {
        Comparison.Builder b = new Comparison.Builder();
        b.element(Double.NaN, 1, 1, "x", 0);
        b.element(Double.POSITIVE_INFINITY, 1, 1, "x", 1);
        b.element(3, 1, 4, "x", 2);
        Comparison c = b.build();
        assertEquals(2, c.nonFinite());
        assertEquals(2.0, c.maxAbsDiff());
        assertFalse(c.passed());
    }

    @Test
    void equalInfinitiesAreFine() {
        assertTrue(one(Double.NEGATIVE_INFINITY, Double.NEGATIVE_INFINITY, 0).passed());
        assertFalse(one(Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY, 1).passed());
        assertFalse(one(0, Double.NEGATIVE_INFINITY, 1).passed());
    }

    @Test
    void exactMeansExact() {
        assertTrue(one(1, 1, 0).passed());
        assertFalse(one(Math.nextUp(1.0), 1, 0).passed());
    }
}
