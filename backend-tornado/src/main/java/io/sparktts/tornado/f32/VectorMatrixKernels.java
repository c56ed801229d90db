package io.sparktts.tornado.f32;

import io.sparktts.tornado.kernel.Float8s;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.collections.VectorFloat8;
import uk.ac.manchester.tornado.api.types.vectors.Float8;

/**
 * Matrix products for processors. A work-item makes a tile of four rows by four features: sixteen
 * sums in registers, which eight loads feed sixteen multiply-adds. Successive work-items share the
 * weights. Rows and features past the end are the last ones again, and not stored. Input widths
 * count vectors of eight, offsets count elements.
 */
public final class VectorMatrixKernels {
    /** Of the rows that meet all features: half a megabyte. */
    private static final int BLOCK_VECTORS = 16384;

    private VectorMatrixKernels() {}

    private static void store(
            FloatArray out,
            int o,
            int width,
            int row,
            int feature,
            IntArray p,
            FloatArray bias,
            float y0,
            float y1,
            float y2,
            float y3) {
        if (row < p.get(0)) {
            int to = o + row * width + feature;
            int b = p.get(7) + feature;
            int biased = p.get(3);
            out.set(to, biased != 0 ? y0 + bias.get(b) : y0);
            if (feature + 1 < width) {
                out.set(to + 1, biased != 0 ? y1 + bias.get(b + 1) : y1);
            }
            if (feature + 2 < width) {
                out.set(to + 2, biased != 0 ? y2 + bias.get(b + 2) : y2);
            }
            if (feature + 3 < width) {
                out.set(to + 3, biased != 0 ? y3 + bias.get(b + 3) : y3);
            }
        }
    }

    /**
     * Many rows, in blocks that meet all features while a cache holds them. p: rows, in, out,
     * biased; out, x, weight, bias.
     */
    public static void linear(
            KernelContext c,
            FloatArray out,
            FloatArray xArray,
            FloatArray weightArray,
            FloatArray bias,
            IntArray p) {
        VectorFloat8 x = new VectorFloat8(xArray);
        VectorFloat8 weight = new VectorFloat8(weightArray);
        int in = p.get(1);
        int width = p.get(2);
        int rowTiles = (p.get(0) + 3) / 4;
        int most = Math.max(1, BLOCK_VECTORS / (4 * in));
        int block = c.globalIdx / (most * ((width + 3) / 4));
        int tile = c.globalIdx - block * most * ((width + 3) / 4);
        int tiles = Math.min(most, rowTiles - block * most);
        int feature = tile / tiles * 4;
        int row = (block * most + tile % tiles) * 4;
        if (feature < width) {
            int xo0 = p.get(5) / 8 + Math.min(row + 0, p.get(0) - 1) * in;
            int xo1 = p.get(5) / 8 + Math.min(row + 1, p.get(0) - 1) * in;
            int xo2 = p.get(5) / 8 + Math.min(row + 2, p.get(0) - 1) * in;
            int xo3 = p.get(5) / 8 + Math.min(row + 3, p.get(0) - 1) * in;
            int wo0 = p.get(6) / 8 + Math.min(feature + 0, width - 1) * in;
            int wo1 = p.get(6) / 8 + Math.min(feature + 1, width - 1) * in;
            int wo2 = p.get(6) / 8 + Math.min(feature + 2, width - 1) * in;
            int wo3 = p.get(6) / 8 + Math.min(feature + 3, width - 1) * in;
            Float8 x0 = x.get(xo0);
            Float8 x1 = x.get(xo1);
            Float8 x2 = x.get(xo2);
            Float8 x3 = x.get(xo3);
            Float8 w0 = weight.get(wo0);
            Float8 w1 = weight.get(wo1);
            Float8 w2 = weight.get(wo2);
            Float8 w3 = weight.get(wo3);
            Float8 s00 = Float8.mult(x0, w0);
            Float8 s01 = Float8.mult(x0, w1);
            Float8 s02 = Float8.mult(x0, w2);
            Float8 s03 = Float8.mult(x0, w3);
            Float8 s10 = Float8.mult(x1, w0);
            Float8 s11 = Float8.mult(x1, w1);
            Float8 s12 = Float8.mult(x1, w2);
            Float8 s13 = Float8.mult(x1, w3);
            Float8 s20 = Float8.mult(x2, w0);
            Float8 s21 = Float8.mult(x2, w1);
            Float8 s22 = Float8.mult(x2, w2);
            Float8 s23 = Float8.mult(x2, w3);
            Float8 s30 = Float8.mult(x3, w0);
            Float8 s31 = Float8.mult(x3, w1);
            Float8 s32 = Float8.mult(x3, w2);
            Float8 s33 = Float8.mult(x3, w3);
            for (int i = 1; i < in; i++) {
                x0 = x.get(xo0 + i);
                x1 = x.get(xo1 + i);
                x2 = x.get(xo2 + i);
                x3 = x.get(xo3 + i);
                w0 = weight.get(wo0 + i);
                w1 = weight.get(wo1 + i);
                w2 = weight.get(wo2 + i);
                w3 = weight.get(wo3 + i);
                s00 = Float8.add(s00, Float8.mult(x0, w0));
                s01 = Float8.add(s01, Float8.mult(x0, w1));
                s02 = Float8.add(s02, Float8.mult(x0, w2));
                s03 = Float8.add(s03, Float8.mult(x0, w3));
                s10 = Float8.add(s10, Float8.mult(x1, w0));
                s11 = Float8.add(s11, Float8.mult(x1, w1));
                s12 = Float8.add(s12, Float8.mult(x1, w2));
                s13 = Float8.add(s13, Float8.mult(x1, w3));
                s20 = Float8.add(s20, Float8.mult(x2, w0));
                s21 = Float8.add(s21, Float8.mult(x2, w1));
                s22 = Float8.add(s22, Float8.mult(x2, w2));
                s23 = Float8.add(s23, Float8.mult(x2, w3));
                s30 = Float8.add(s30, Float8.mult(x3, w0));
                s31 = Float8.add(s31, Float8.mult(x3, w1));
                s32 = Float8.add(s32, Float8.mult(x3, w2));
                s33 = Float8.add(s33, Float8.mult(x3, w3));
            }
            store(
                    out,
                    p.get(4),
                    width,
                    row + 0,
                    feature,
                    p,
                    bias,
                    Float8s.sum(s00),
                    Float8s.sum(s01),
                    Float8s.sum(s02),
                    Float8s.sum(s03));
            store(
                    out,
                    p.get(4),
                    width,
                    row + 1,
                    feature,
                    p,
                    bias,
                    Float8s.sum(s10),
                    Float8s.sum(s11),
                    Float8s.sum(s12),
                    Float8s.sum(s13));
            store(
                    out,
                    p.get(4),
                    width,
                    row + 2,
                    feature,
                    p,
                    bias,
                    Float8s.sum(s20),
                    Float8s.sum(s21),
                    Float8s.sum(s22),
                    Float8s.sum(s23));
            store(
                    out,
                    p.get(4),
                    width,
                    row + 3,
                    feature,
                    p,
                    bias,
                    Float8s.sum(s30),
                    Float8s.sum(s31),
                    Float8s.sum(s32),
                    Float8s.sum(s33));
        }
    }

    /**
     * One row, as in decode: the weights are read once, by four features at a time. p: rows, in,
     * out, biased; out, x, weight, bias.
     */
    public static void matvec(
            KernelContext c,
            FloatArray out,
            FloatArray xArray,
            FloatArray weightArray,
            FloatArray bias,
            IntArray p) {
        VectorFloat8 x = new VectorFloat8(xArray);
        VectorFloat8 weight = new VectorFloat8(weightArray);
        int feature = c.globalIdx * 4;
        int in = p.get(1);
        int width = p.get(2);
        if (feature < width) {
            int xo0 = p.get(5) / 8;
            int wo0 = p.get(6) / 8 + Math.min(feature + 0, width - 1) * in;
            int wo1 = p.get(6) / 8 + Math.min(feature + 1, width - 1) * in;
            int wo2 = p.get(6) / 8 + Math.min(feature + 2, width - 1) * in;
            int wo3 = p.get(6) / 8 + Math.min(feature + 3, width - 1) * in;
            Float8 x0 = x.get(xo0);
            Float8 w0 = weight.get(wo0);
            Float8 w1 = weight.get(wo1);
            Float8 w2 = weight.get(wo2);
            Float8 w3 = weight.get(wo3);
            Float8 s00 = Float8.mult(x0, w0);
            Float8 s01 = Float8.mult(x0, w1);
            Float8 s02 = Float8.mult(x0, w2);
            Float8 s03 = Float8.mult(x0, w3);
            for (int i = 1; i < in; i++) {
                x0 = x.get(xo0 + i);
                w0 = weight.get(wo0 + i);
                w1 = weight.get(wo1 + i);
                w2 = weight.get(wo2 + i);
                w3 = weight.get(wo3 + i);
                s00 = Float8.add(s00, Float8.mult(x0, w0));
                s01 = Float8.add(s01, Float8.mult(x0, w1));
                s02 = Float8.add(s02, Float8.mult(x0, w2));
                s03 = Float8.add(s03, Float8.mult(x0, w3));
            }
            store(
                    out,
                    p.get(4),
                    width,
                    0,
                    feature,
                    p,
                    bias,
                    Float8s.sum(s00),
                    Float8s.sum(s01),
                    Float8s.sum(s02),
                    Float8s.sum(s03));
        }
    }

    private static void storeGated(
            FloatArray out,
            int width,
            int row,
            int feature,
            IntArray p,
            float gate0,
            float gate1,
            float up0,
            float up1) {
        if (row < p.get(0)) {
            int to = p.get(3) + row * width + feature;
            out.set(to, Float8s.silu(gate0) * up0);
            if (feature + 1 < width) {
                out.set(to + 1, Float8s.silu(gate1) * up1);
            }
        }
    }

    /** Many rows, two features. p: rows, in, intermediate; out, x, weight: gate above up. */
    public static void swiGlu(
            KernelContext c,
            FloatArray out,
            FloatArray xArray,
            FloatArray weightArray,
            IntArray p) {
        VectorFloat8 x = new VectorFloat8(xArray);
        VectorFloat8 weight = new VectorFloat8(weightArray);
        int rowTiles = (p.get(0) + 3) / 4;
        int feature = c.globalIdx / rowTiles * 2;
        int row = c.globalIdx % rowTiles * 4;
        int in = p.get(1);
        int width = p.get(2);
        if (feature < width) {
            int xo0 = p.get(4) / 8 + Math.min(row + 0, p.get(0) - 1) * in;
            int xo1 = p.get(4) / 8 + Math.min(row + 1, p.get(0) - 1) * in;
            int xo2 = p.get(4) / 8 + Math.min(row + 2, p.get(0) - 1) * in;
            int xo3 = p.get(4) / 8 + Math.min(row + 3, p.get(0) - 1) * in;
            int next = Math.min(feature + 1, width - 1);
            int wo0 = p.get(5) / 8 + feature * in;
            int wo1 = p.get(5) / 8 + next * in;
            int wo2 = p.get(5) / 8 + (width + feature) * in;
            int wo3 = p.get(5) / 8 + (width + next) * in;
            Float8 x0 = x.get(xo0);
            Float8 x1 = x.get(xo1);
            Float8 x2 = x.get(xo2);
            Float8 x3 = x.get(xo3);
            Float8 w0 = weight.get(wo0);
            Float8 w1 = weight.get(wo1);
            Float8 w2 = weight.get(wo2);
            Float8 w3 = weight.get(wo3);
            Float8 s00 = Float8.mult(x0, w0);
            Float8 s01 = Float8.mult(x0, w1);
            Float8 s02 = Float8.mult(x0, w2);
            Float8 s03 = Float8.mult(x0, w3);
            Float8 s10 = Float8.mult(x1, w0);
            Float8 s11 = Float8.mult(x1, w1);
            Float8 s12 = Float8.mult(x1, w2);
            Float8 s13 = Float8.mult(x1, w3);
            Float8 s20 = Float8.mult(x2, w0);
            Float8 s21 = Float8.mult(x2, w1);
            Float8 s22 = Float8.mult(x2, w2);
            Float8 s23 = Float8.mult(x2, w3);
            Float8 s30 = Float8.mult(x3, w0);
            Float8 s31 = Float8.mult(x3, w1);
            Float8 s32 = Float8.mult(x3, w2);
            Float8 s33 = Float8.mult(x3, w3);
            for (int i = 1; i < in; i++) {
                x0 = x.get(xo0 + i);
                x1 = x.get(xo1 + i);
                x2 = x.get(xo2 + i);
                x3 = x.get(xo3 + i);
                w0 = weight.get(wo0 + i);
                w1 = weight.get(wo1 + i);
                w2 = weight.get(wo2 + i);
                w3 = weight.get(wo3 + i);
                s00 = Float8.add(s00, Float8.mult(x0, w0));
                s01 = Float8.add(s01, Float8.mult(x0, w1));
                s02 = Float8.add(s02, Float8.mult(x0, w2));
                s03 = Float8.add(s03, Float8.mult(x0, w3));
                s10 = Float8.add(s10, Float8.mult(x1, w0));
                s11 = Float8.add(s11, Float8.mult(x1, w1));
                s12 = Float8.add(s12, Float8.mult(x1, w2));
                s13 = Float8.add(s13, Float8.mult(x1, w3));
                s20 = Float8.add(s20, Float8.mult(x2, w0));
                s21 = Float8.add(s21, Float8.mult(x2, w1));
                s22 = Float8.add(s22, Float8.mult(x2, w2));
                s23 = Float8.add(s23, Float8.mult(x2, w3));
                s30 = Float8.add(s30, Float8.mult(x3, w0));
                s31 = Float8.add(s31, Float8.mult(x3, w1));
                s32 = Float8.add(s32, Float8.mult(x3, w2));
                s33 = Float8.add(s33, Float8.mult(x3, w3));
            }
            storeGated(
                    out,
                    width,
                    row + 0,
                    feature,
                    p,
                    Float8s.sum(s00),
                    Float8s.sum(s01),
                    Float8s.sum(s02),
                    Float8s.sum(s03));
            storeGated(
                    out,
                    width,
                    row + 1,
                    feature,
                    p,
                    Float8s.sum(s10),
                    Float8s.sum(s11),
                    Float8s.sum(s12),
                    Float8s.sum(s13));
            storeGated(
                    out,
                    width,
                    row + 2,
                    feature,
                    p,
                    Float8s.sum(s20),
                    Float8s.sum(s21),
                    Float8s.sum(s22),
                    Float8s.sum(s23));
            storeGated(
                    out,
                    width,
                    row + 3,
                    feature,
                    p,
                    Float8s.sum(s30),
                    Float8s.sum(s31),
                    Float8s.sum(s32),
                    Float8s.sum(s33));
        }
    }

    /** One row, two features. p: rows, in, intermediate; out, x, weight: gate above up. */
    public static void swiGluRow(
            KernelContext c,
            FloatArray out,
            FloatArray xArray,
            FloatArray weightArray,
            IntArray p) {
        VectorFloat8 x = new VectorFloat8(xArray);
        VectorFloat8 weight = new VectorFloat8(weightArray);
        int feature = c.globalIdx * 2;
        int in = p.get(1);
        int width = p.get(2);
        if (feature < width) {
            int xo0 = p.get(4) / 8;
            int next = Math.min(feature + 1, width - 1);
            int wo0 = p.get(5) / 8 + feature * in;
            int wo1 = p.get(5) / 8 + next * in;
            int wo2 = p.get(5) / 8 + (width + feature) * in;
            int wo3 = p.get(5) / 8 + (width + next) * in;
            Float8 x0 = x.get(xo0);
            Float8 w0 = weight.get(wo0);
            Float8 w1 = weight.get(wo1);
            Float8 w2 = weight.get(wo2);
            Float8 w3 = weight.get(wo3);
            Float8 s00 = Float8.mult(x0, w0);
            Float8 s01 = Float8.mult(x0, w1);
            Float8 s02 = Float8.mult(x0, w2);
            Float8 s03 = Float8.mult(x0, w3);
            for (int i = 1; i < in; i++) {
                x0 = x.get(xo0 + i);
                w0 = weight.get(wo0 + i);
                w1 = weight.get(wo1 + i);
                w2 = weight.get(wo2 + i);
                w3 = weight.get(wo3 + i);
                s00 = Float8.add(s00, Float8.mult(x0, w0));
                s01 = Float8.add(s01, Float8.mult(x0, w1));
                s02 = Float8.add(s02, Float8.mult(x0, w2));
                s03 = Float8.add(s03, Float8.mult(x0, w3));
            }
            storeGated(
                    out,
                    width,
                    0,
                    feature,
                    p,
                    Float8s.sum(s00),
                    Float8s.sum(s01),
                    Float8s.sum(s02),
                    Float8s.sum(s03));
        }
    }
}
