package io.sparktts.vector;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * The machine's vector width and what follows from it. Kernels address memory absolutely, through
 * {@link #ALL}.
 */
final class Lanes {
    static final VectorSpecies<Float> F = FloatVector.SPECIES_PREFERRED;
    static final VectorSpecies<Integer> I = IntVector.SPECIES_PREFERRED;

    /** As many 16-bit lanes as {@link #F} has 32-bit lanes. */
    static final VectorSpecies<Short> HALF =
            VectorSpecies.of(
                    short.class,
                    VectorShape.forBitSize(ShortVector.SPECIES_PREFERRED.vectorBitSize() / 2));

    /** Float lanes of a vector. */
    static final int L = F.length();

    /**
     * Output features of a weight panel: two vectors, which fill the accumulators together with
     * {@link #TILE} rows.
     */
    static final int PANEL = 2 * L;

    /**
     * Input rows of a register tile: 4 with 16 vector registers (6 spill), 8 with the 32 registers
     * of AVX-512.
     */
    static final int TILE = L >= 16 ? 8 : 4;

    /** All of memory: one segment that needs no bounds or liveness of its own. */
    @SuppressWarnings("restricted")
    static final MemorySegment ALL = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);

    static final ByteOrder ORDER = ByteOrder.nativeOrder();
    static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;
    static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
    static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;

    private static final VectorShuffle<Float>[] HALVES = halves();

    private Lanes() {}

    static float getFloat(long address) {
        return ALL.get(FLOAT, address);
    }

    static void putFloat(long address, float value) {
        ALL.set(FLOAT, address, value);
    }

    static int getInt(long address) {
        return ALL.get(INT, address);
    }

    static void putInt(long address, int value) {
        ALL.set(INT, address, value);
    }

    /**
     * Sum of the lanes in a fixed order; {@code reduceLanes} adds in another order compiled than
     * interpreted.
     */
    static float sum(FloatVector v) {
        FloatVector s = v;
        for (int i = 0; i < HALVES.length; i++) {
            s = s.add(s.rearrange(HALVES[i]));
        }
        return s.lane(0);
    }

    private static VectorShuffle<Float>[] halves() {
        @SuppressWarnings({"unchecked", "rawtypes"})
        VectorShuffle<Float>[] out = new VectorShuffle[Integer.numberOfTrailingZeros(L)];
        for (int i = 0, step = L / 2; i < out.length; i++, step /= 2) {
            int distance = step;
            out[i] = VectorShuffle.fromOp(F, lane -> (lane + distance) % L);
        }
        return out;
    }

    static int roundUp(int n, int multiple) {
        return (n + multiple - 1) / multiple * multiple;
    }
}
