package io.sparktts.backend;

/**
 * Philox4x32-10, a counter-based random generator (Salmon et al., SC 2011): the same draw on every
 * backend, without state.
 */
public final class Philox {
    private static final int M0 = 0xD2511F53;
    private static final int M1 = 0xCD9E8D57;
    private static final int W0 = 0x9E3779B9;
    private static final int W1 = 0xBB67AE85;

    private Philox() {}

    /** The first output word for a counter and a key. */
    public static int word(int c0, int c1, int c2, int c3, int k0, int k1) {
        for (int round = 0; round < 10; round++) {
            long p0 = (M0 & 0xffffffffL) * (c0 & 0xffffffffL);
            long p1 = (M1 & 0xffffffffL) * (c2 & 0xffffffffL);
            int n0 = (int) (p1 >>> 32) ^ c1 ^ k0;
            int n2 = (int) (p0 >>> 32) ^ c3 ^ k1;
            c1 = (int) p1;
            c3 = (int) p0;
            c0 = n0;
            c2 = n2;
            k0 += W0;
            k1 += W1;
        }
        return c0;
    }

    /**
     * The draw of a position of a sequence, uniform in {@code [0, 1)} with 24 bits: exact in
     * float32.
     *
     * @param seedLow low word of the seed
     * @param seedHigh high word of the seed
     */
    public static float uniform(int seedLow, int seedHigh, int sequence, int position) {
        return (word(position, sequence, 0, 0, seedLow, seedHigh) >>> 8) * 0x1p-24f;
    }
}
