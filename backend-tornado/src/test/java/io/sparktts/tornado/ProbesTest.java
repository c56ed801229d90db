package io.sparktts.tornado;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.sparktts.tornado.kernel.Probes;

import org.junit.jupiter.api.Test;

import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** That probes do the work that is counted: each element once, each turn of each chain. */
class ProbesTest {
    private static final FloatArray X = new FloatArray(24);

    static {
        for (int i = 0; i < X.getSize(); i++) {
            X.set(i, i + 1);
        }
    }

    @Test
    void readsEachElementOnce() {
        FloatArray out = new FloatArray(5);
        IntArray sizes = IntArray.fromElements(24, 5);
        EmulatedGroup.run(0, 5, c -> Probes.read(c, out, X, sizes));
        float sum = 0;
        for (int i = 0; i < out.getSize(); i++) {
            sum += out.get(i);
        }
        assertEquals(24 * 25 / 2, sum);
    }

    @Test
    void scalesEachElement() {
        int items = X.getSize() / Probes.SCALED;
        FloatArray out = new FloatArray(X.getSize());
        IntArray sizes = IntArray.fromElements(items);
        FloatArray factor = FloatArray.fromElements(2);
        EmulatedGroup.run(0, items, c -> Probes.scale(c, out, X, sizes, factor));
        for (int i = 0; i < X.getSize(); i++) {
            assertEquals(2 * X.get(i), out.get(i));
        }
    }

    @Test
    void multipliesAndAddsInAllChains() {
        FloatArray x = FloatArray.fromElements(2, 1, 1, 2, 3, 4, 5, 6, 7, 8);
        FloatArray out = new FloatArray(2);
        IntArray turns = IntArray.fromElements(3);
        EmulatedGroup.run(0, 2, c -> Probes.multiplyAdd(c, out, x, turns));
        // s 2^3 + 7 of each chain's s
        float expected = 8 * 36 + Probes.CHAINS * 7;
        assertEquals(expected, out.get(0));
        assertEquals(expected, out.get(1));
    }
}
