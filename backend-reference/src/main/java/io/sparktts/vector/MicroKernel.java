package io.sparktts.vector;

import static io.sparktts.vector.Lanes.F;
import static io.sparktts.vector.Lanes.L;
import static io.sparktts.vector.Lanes.PANEL;

import jdk.incubator.vector.FloatVector;

/**
 * The inner product of everything: {@code c[r][p] += sum over k of x[k][r] * panel[k][p]}, a
 * register tile of {@link Lanes#TILE} rows and {@link Lanes#PANEL} columns, over arrays that are
 * read strictly forward.
 *
 * <p>{@code x} is packed {@code [k][TILE]}, {@code panel} {@code [k][PANEL]}, {@code c} {@code
 * [TILE][PANEL]}. The loop bodies are spelled out and the operands are arrays for the compiler's
 * sake: helper methods may fail to inline, and then every vector is spilled or boxed; array
 * accesses lose their bounds checks, absolute addresses keep them.
 */
final class MicroKernel {
    private MicroKernel() {}

    /** Adds the product to {@code c}; each operand starts at its offset. */
    static void multiplyAdd(
            float[] x, int xAt, float[] panel, int panelAt, int k, float[] c, int cAt) {
        if (Lanes.TILE == 8) {
            tile8(x, xAt, panel, panelAt, k, c, cAt);
        } else {
            tile4(x, xAt, panel, panelAt, k, c, cAt);
        }
    }

    /**
     * As {@link #multiplyAdd}, of the first half of the panel alone: where no more than a vector of
     * columns is live, as in decode attention.
     */
    static void multiplyAddHalf(
            float[] x, int xAt, float[] panel, int panelAt, int k, float[] c, int cAt) {
        for (int r = 0; r < Lanes.TILE; r += 4) {
            half4(x, xAt + r, panel, panelAt, k, c, cAt + r * PANEL);
        }
    }

    private static void half4(
            float[] x, int xAt, float[] panel, int panelAt, int k, float[] c, int cAt) {
        FloatVector c0 = FloatVector.fromArray(F, c, cAt);
        FloatVector c1 = FloatVector.fromArray(F, c, cAt + PANEL);
        FloatVector c2 = FloatVector.fromArray(F, c, cAt + 2 * PANEL);
        FloatVector c3 = FloatVector.fromArray(F, c, cAt + 3 * PANEL);
        for (int i = 0; i < k; i++) {
            FloatVector p = FloatVector.fromArray(F, panel, panelAt + i * PANEL);
            int at = xAt + i * Lanes.TILE;
            c0 = p.fma(FloatVector.broadcast(F, x[at]), c0);
            c1 = p.fma(FloatVector.broadcast(F, x[at + 1]), c1);
            c2 = p.fma(FloatVector.broadcast(F, x[at + 2]), c2);
            c3 = p.fma(FloatVector.broadcast(F, x[at + 3]), c3);
        }
        c0.intoArray(c, cAt);
        c1.intoArray(c, cAt + PANEL);
        c2.intoArray(c, cAt + 2 * PANEL);
        c3.intoArray(c, cAt + 3 * PANEL);
    }

    private static void tile4(
            float[] x, int xAt, float[] panel, int panelAt, int k, float[] c, int cAt) {
        FloatVector c00 = FloatVector.fromArray(F, c, cAt);
        FloatVector c01 = FloatVector.fromArray(F, c, cAt + L);
        FloatVector c10 = FloatVector.fromArray(F, c, cAt + PANEL);
        FloatVector c11 = FloatVector.fromArray(F, c, cAt + PANEL + L);
        FloatVector c20 = FloatVector.fromArray(F, c, cAt + 2 * PANEL);
        FloatVector c21 = FloatVector.fromArray(F, c, cAt + 2 * PANEL + L);
        FloatVector c30 = FloatVector.fromArray(F, c, cAt + 3 * PANEL);
        FloatVector c31 = FloatVector.fromArray(F, c, cAt + 3 * PANEL + L);
        for (int i = 0; i < k; i++) {
            FloatVector p0 = FloatVector.fromArray(F, panel, panelAt + i * PANEL);
            FloatVector p1 = FloatVector.fromArray(F, panel, panelAt + i * PANEL + L);
            FloatVector b = FloatVector.broadcast(F, x[xAt + i * 4]);
            c00 = p0.fma(b, c00);
            c01 = p1.fma(b, c01);
            b = FloatVector.broadcast(F, x[xAt + i * 4 + 1]);
            c10 = p0.fma(b, c10);
            c11 = p1.fma(b, c11);
            b = FloatVector.broadcast(F, x[xAt + i * 4 + 2]);
            c20 = p0.fma(b, c20);
            c21 = p1.fma(b, c21);
            b = FloatVector.broadcast(F, x[xAt + i * 4 + 3]);
            c30 = p0.fma(b, c30);
            c31 = p1.fma(b, c31);
        }
        c00.intoArray(c, cAt);
        c01.intoArray(c, cAt + L);
        c10.intoArray(c, cAt + PANEL);
        c11.intoArray(c, cAt + PANEL + L);
        c20.intoArray(c, cAt + 2 * PANEL);
        c21.intoArray(c, cAt + 2 * PANEL + L);
        c30.intoArray(c, cAt + 3 * PANEL);
        c31.intoArray(c, cAt + 3 * PANEL + L);
    }

    private static void tile8(
            float[] x, int xAt, float[] panel, int panelAt, int k, float[] c, int cAt) {
        FloatVector c00 = FloatVector.fromArray(F, c, cAt);
        FloatVector c01 = FloatVector.fromArray(F, c, cAt + L);
        FloatVector c10 = FloatVector.fromArray(F, c, cAt + PANEL);
        FloatVector c11 = FloatVector.fromArray(F, c, cAt + PANEL + L);
        FloatVector c20 = FloatVector.fromArray(F, c, cAt + 2 * PANEL);
        FloatVector c21 = FloatVector.fromArray(F, c, cAt + 2 * PANEL + L);
        FloatVector c30 = FloatVector.fromArray(F, c, cAt + 3 * PANEL);
        FloatVector c31 = FloatVector.fromArray(F, c, cAt + 3 * PANEL + L);
        FloatVector c40 = FloatVector.fromArray(F, c, cAt + 4 * PANEL);
        FloatVector c41 = FloatVector.fromArray(F, c, cAt + 4 * PANEL + L);
        FloatVector c50 = FloatVector.fromArray(F, c, cAt + 5 * PANEL);
        FloatVector c51 = FloatVector.fromArray(F, c, cAt + 5 * PANEL + L);
        FloatVector c60 = FloatVector.fromArray(F, c, cAt + 6 * PANEL);
        FloatVector c61 = FloatVector.fromArray(F, c, cAt + 6 * PANEL + L);
        FloatVector c70 = FloatVector.fromArray(F, c, cAt + 7 * PANEL);
        FloatVector c71 = FloatVector.fromArray(F, c, cAt + 7 * PANEL + L);
        for (int i = 0; i < k; i++) {
            FloatVector p0 = FloatVector.fromArray(F, panel, panelAt + i * PANEL);
            FloatVector p1 = FloatVector.fromArray(F, panel, panelAt + i * PANEL + L);
            FloatVector b = FloatVector.broadcast(F, x[xAt + i * 8]);
            c00 = p0.fma(b, c00);
            c01 = p1.fma(b, c01);
            b = FloatVector.broadcast(F, x[xAt + i * 8 + 1]);
            c10 = p0.fma(b, c10);
            c11 = p1.fma(b, c11);
            b = FloatVector.broadcast(F, x[xAt + i * 8 + 2]);
            c20 = p0.fma(b, c20);
            c21 = p1.fma(b, c21);
            b = FloatVector.broadcast(F, x[xAt + i * 8 + 3]);
            c30 = p0.fma(b, c30);
            c31 = p1.fma(b, c31);
            b = FloatVector.broadcast(F, x[xAt + i * 8 + 4]);
            c40 = p0.fma(b, c40);
            c41 = p1.fma(b, c41);
            b = FloatVector.broadcast(F, x[xAt + i * 8 + 5]);
            c50 = p0.fma(b, c50);
            c51 = p1.fma(b, c51);
            b = FloatVector.broadcast(F, x[xAt + i * 8 + 6]);
            c60 = p0.fma(b, c60);
            c61 = p1.fma(b, c61);
            b = FloatVector.broadcast(F, x[xAt + i * 8 + 7]);
            c70 = p0.fma(b, c70);
            c71 = p1.fma(b, c71);
        }
        c00.intoArray(c, cAt);
        c01.intoArray(c, cAt + L);
        c10.intoArray(c, cAt + PANEL);
        c11.intoArray(c, cAt + PANEL + L);
        c20.intoArray(c, cAt + 2 * PANEL);
        c21.intoArray(c, cAt + 2 * PANEL + L);
        c30.intoArray(c, cAt + 3 * PANEL);
        c31.intoArray(c, cAt + 3 * PANEL + L);
        c40.intoArray(c, cAt + 4 * PANEL);
        c41.intoArray(c, cAt + 4 * PANEL + L);
        c50.intoArray(c, cAt + 5 * PANEL);
        c51.intoArray(c, cAt + 5 * PANEL + L);
        c60.intoArray(c, cAt + 6 * PANEL);
        c61.intoArray(c, cAt + 6 * PANEL + L);
        c70.intoArray(c, cAt + 7 * PANEL);
        c71.intoArray(c, cAt + 7 * PANEL + L);
    }

    /**
     * As {@link #multiplyAdd}, of rows that lie {@code stride} apart, unpacked: those that a
     * convolution sees overlap.
     */
    static void multiplyAddRows(
            float[] x, int xAt, int stride, float[] panel, int panelAt, int k, float[] c, int cAt) {
        if (Lanes.TILE == 8) {
            rows8(x, xAt, stride, panel, panelAt, k, c, cAt);
        } else {
            rows4(x, xAt, stride, panel, panelAt, k, c, cAt);
        }
    }

    private static void rows4(
            float[] x, int xAt, int stride, float[] panel, int panelAt, int k, float[] c, int cAt) {
        int r1 = xAt + stride;
        int r2 = xAt + 2 * stride;
        int r3 = xAt + 3 * stride;
        FloatVector c00 = FloatVector.fromArray(F, c, cAt);
        FloatVector c01 = FloatVector.fromArray(F, c, cAt + L);
        FloatVector c10 = FloatVector.fromArray(F, c, cAt + PANEL);
        FloatVector c11 = FloatVector.fromArray(F, c, cAt + PANEL + L);
        FloatVector c20 = FloatVector.fromArray(F, c, cAt + 2 * PANEL);
        FloatVector c21 = FloatVector.fromArray(F, c, cAt + 2 * PANEL + L);
        FloatVector c30 = FloatVector.fromArray(F, c, cAt + 3 * PANEL);
        FloatVector c31 = FloatVector.fromArray(F, c, cAt + 3 * PANEL + L);
        for (int i = 0; i < k; i++) {
            FloatVector p0 = FloatVector.fromArray(F, panel, panelAt + i * PANEL);
            FloatVector p1 = FloatVector.fromArray(F, panel, panelAt + i * PANEL + L);
            FloatVector b = FloatVector.broadcast(F, x[xAt + i]);
            c00 = p0.fma(b, c00);
            c01 = p1.fma(b, c01);
            b = FloatVector.broadcast(F, x[r1 + i]);
            c10 = p0.fma(b, c10);
            c11 = p1.fma(b, c11);
            b = FloatVector.broadcast(F, x[r2 + i]);
            c20 = p0.fma(b, c20);
            c21 = p1.fma(b, c21);
            b = FloatVector.broadcast(F, x[r3 + i]);
            c30 = p0.fma(b, c30);
            c31 = p1.fma(b, c31);
        }
        c00.intoArray(c, cAt);
        c01.intoArray(c, cAt + L);
        c10.intoArray(c, cAt + PANEL);
        c11.intoArray(c, cAt + PANEL + L);
        c20.intoArray(c, cAt + 2 * PANEL);
        c21.intoArray(c, cAt + 2 * PANEL + L);
        c30.intoArray(c, cAt + 3 * PANEL);
        c31.intoArray(c, cAt + 3 * PANEL + L);
    }

    private static void rows8(
            float[] x, int xAt, int stride, float[] panel, int panelAt, int k, float[] c, int cAt) {
        int r1 = xAt + stride;
        int r2 = xAt + 2 * stride;
        int r3 = xAt + 3 * stride;
        int r4 = xAt + 4 * stride;
        int r5 = xAt + 5 * stride;
        int r6 = xAt + 6 * stride;
        int r7 = xAt + 7 * stride;
        FloatVector c00 = FloatVector.fromArray(F, c, cAt);
        FloatVector c01 = FloatVector.fromArray(F, c, cAt + L);
        FloatVector c10 = FloatVector.fromArray(F, c, cAt + PANEL);
        FloatVector c11 = FloatVector.fromArray(F, c, cAt + PANEL + L);
        FloatVector c20 = FloatVector.fromArray(F, c, cAt + 2 * PANEL);
        FloatVector c21 = FloatVector.fromArray(F, c, cAt + 2 * PANEL + L);
        FloatVector c30 = FloatVector.fromArray(F, c, cAt + 3 * PANEL);
        FloatVector c31 = FloatVector.fromArray(F, c, cAt + 3 * PANEL + L);
        FloatVector c40 = FloatVector.fromArray(F, c, cAt + 4 * PANEL);
        FloatVector c41 = FloatVector.fromArray(F, c, cAt + 4 * PANEL + L);
        FloatVector c50 = FloatVector.fromArray(F, c, cAt + 5 * PANEL);
        FloatVector c51 = FloatVector.fromArray(F, c, cAt + 5 * PANEL + L);
        FloatVector c60 = FloatVector.fromArray(F, c, cAt + 6 * PANEL);
        FloatVector c61 = FloatVector.fromArray(F, c, cAt + 6 * PANEL + L);
        FloatVector c70 = FloatVector.fromArray(F, c, cAt + 7 * PANEL);
        FloatVector c71 = FloatVector.fromArray(F, c, cAt + 7 * PANEL + L);
        for (int i = 0; i < k; i++) {
            FloatVector p0 = FloatVector.fromArray(F, panel, panelAt + i * PANEL);
            FloatVector p1 = FloatVector.fromArray(F, panel, panelAt + i * PANEL + L);
            FloatVector b = FloatVector.broadcast(F, x[xAt + i]);
            c00 = p0.fma(b, c00);
            c01 = p1.fma(b, c01);
            b = FloatVector.broadcast(F, x[r1 + i]);
            c10 = p0.fma(b, c10);
            c11 = p1.fma(b, c11);
            b = FloatVector.broadcast(F, x[r2 + i]);
            c20 = p0.fma(b, c20);
            c21 = p1.fma(b, c21);
            b = FloatVector.broadcast(F, x[r3 + i]);
            c30 = p0.fma(b, c30);
            c31 = p1.fma(b, c31);
            b = FloatVector.broadcast(F, x[r4 + i]);
            c40 = p0.fma(b, c40);
            c41 = p1.fma(b, c41);
            b = FloatVector.broadcast(F, x[r5 + i]);
            c50 = p0.fma(b, c50);
            c51 = p1.fma(b, c51);
            b = FloatVector.broadcast(F, x[r6 + i]);
            c60 = p0.fma(b, c60);
            c61 = p1.fma(b, c61);
            b = FloatVector.broadcast(F, x[r7 + i]);
            c70 = p0.fma(b, c70);
            c71 = p1.fma(b, c71);
        }
        c00.intoArray(c, cAt);
        c01.intoArray(c, cAt + L);
        c10.intoArray(c, cAt + PANEL);
        c11.intoArray(c, cAt + PANEL + L);
        c20.intoArray(c, cAt + 2 * PANEL);
        c21.intoArray(c, cAt + 2 * PANEL + L);
        c30.intoArray(c, cAt + 3 * PANEL);
        c31.intoArray(c, cAt + 3 * PANEL + L);
        c40.intoArray(c, cAt + 4 * PANEL);
        c41.intoArray(c, cAt + 4 * PANEL + L);
        c50.intoArray(c, cAt + 5 * PANEL);
        c51.intoArray(c, cAt + 5 * PANEL + L);
        c60.intoArray(c, cAt + 6 * PANEL);
        c61.intoArray(c, cAt + 6 * PANEL + L);
        c70.intoArray(c, cAt + 7 * PANEL);
        c71.intoArray(c, cAt + 7 * PANEL + L);
    }
}
