package io.sparktts.tornado.kernel;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** Where tokens belong; the same for all dtypes. */
public final class Tokens {
    private static final int PHILOX_M0 = 0xD2511F53;
    private static final int PHILOX_M1 = 0xCD9E8D57;
    private static final int PHILOX_W0 = 0x9E3779B9;
    private static final int PHILOX_W1 = 0xBB67AE85;

    private Tokens() {}

    /**
     * The cache slot of a token's sequence, -1 for padding.
     *
     * @param offsetsAt where {@code tokenOffsets} begins in its buffer
     * @param slotsAt where {@code slots} begins in its buffer
     */
    public static int slot(
            int token, int batch, IntArray offsets, int offsetsAt, IntArray slots, int slotsAt) {
        int slot = -1;
        for (int b = 0; b < batch; b++) {
            if (offsets.get(offsetsAt + b) <= token && token < offsets.get(offsetsAt + b + 1)) {
                slot = slots.get(slotsAt + b);
            }
        }
        return slot;
    }

    /** p: elements; out. A work-item makes one element. */
    public static void zero(KernelContext c, IntArray out, IntArray p) {
        int i = c.globalIdx;
        if (i < p.get(0)) {
            out.set(p.get(1) + i, 0);
        }
    }

    /** p: batch; tokenOffsets, positions, cacheLength, slot. A work-item moves one sequence on. */
    public static void advance(
            KernelContext c,
            IntArray offsets,
            IntArray positions,
            IntArray cacheLength,
            IntArray slots,
            IntArray p) {
        int b = c.globalIdx;
        if (b < p.get(0) && slots.get(p.get(4) + b) >= 0) {
            int end = offsets.get(p.get(1) + b + 1);
            for (int t = offsets.get(p.get(1) + b); t < end; t++) {
                int at = p.get(2) + t;
                positions.set(at, positions.get(at) + 1);
            }
            int at = p.get(3) + b;
            cacheLength.set(at, cacheLength.get(at) + 1);
        }
    }

    /**
     * {@link io.sparktts.backend.Philox#uniform}, whose state is at {@code at}: seed low, seed
     * high, sequence, position. Shifts keep the sign: TornadoVM compiles unsigned ones to these.
     */
    public static float uniform(IntArray random, int at) {
        int k0 = random.get(at);
        int k1 = random.get(at + 1);
        int c0 = random.get(at + 3);
        int c1 = random.get(at + 2);
        int c2 = 0;
        int c3 = 0;
        for (int round = 0; round < 10; round++) {
            long p0 = (PHILOX_M0 & 0xffffffffL) * (c0 & 0xffffffffL);
            long p1 = (PHILOX_M1 & 0xffffffffL) * (c2 & 0xffffffffL);
            int n0 = (int) (p1 >> 32) ^ c1 ^ k0;
            int n2 = (int) (p0 >> 32) ^ c3 ^ k1;
            c1 = (int) p1;
            c3 = (int) p0;
            c0 = n0;
            c2 = n2;
            k0 += PHILOX_W0;
            k1 += PHILOX_W1;
        }
        return ((c0 >> 8) & 0xffffff) * 0x1p-24f;
    }
}
