package io.sparktts.vector;

import static io.sparktts.vector.Lanes.ALL;
import static io.sparktts.vector.Lanes.F;
import static io.sparktts.vector.Lanes.L;
import static io.sparktts.vector.Lanes.ORDER;

import io.sparktts.backend.Activation;
import io.sparktts.backend.Tensor;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

import org.jspecify.annotations.Nullable;

/** The codec's operations whose rows are independent. The last vector of a row is masked. */
final class CodecRows implements AutoCloseable {
    /** Keeps the snake of a zero {@code alpha} finite. */
    private static final float SNAKE_EPSILON = 1e-9f;

    private final RowPass pass;
    private final RowPass.Row layerNorm = this::layerNormRow;
    private float epsilon;

    CodecRows(WorkerPool pool) {
        pass = new RowPass(pool);
    }

    void layerNorm(Tensor out, Tensor x, Tensor weight, Tensor bias, double eps) {
        epsilon = (float) eps;
        pass.run(layerNorm, out, x, weight, bias);
    }

    void activation(Tensor out, Tensor x, Activation function) {
        RowPass.Row row =
                switch (function) {
                    case GELU -> CodecRows::geluRow;
                    case RELU -> CodecRows::reluRow;
                    case SIGMOID -> CodecRows::sigmoidRow;
                    case TANH -> CodecRows::tanhRow;
                };
        pass.run(row, out, x, null, null);
    }

    void geglu(Tensor out, Tensor valueGate) {
        pass.run(CodecRows::gegluRow, out, valueGate, null, null);
    }

    void affine(Tensor out, Tensor x, Tensor scale, @Nullable Tensor shift) {
        RowPass.Row row = shift == null ? CodecRows::scaleRow : CodecRows::affineRow;
        pass.run(row, out, x, scale, shift);
    }

    void snake(Tensor out, Tensor x, Tensor alpha) {
        pass.run(CodecRows::snakeRow, out, x, alpha, null);
    }

    private static FloatVector load(long address, int i, VectorMask<Float> live) {
        return FloatVector.fromMemorySegment(F, ALL, address + 4L * i, ORDER, live);
    }

    private static FloatVector load(long address, int i) {
        return FloatVector.fromMemorySegment(F, ALL, address + 4L * i, ORDER);
    }

    private void layerNormRow(long o, long x, long weight, long bias, int n) {
        VectorMask<Float> rest = F.indexInRange(0, n % L);
        int whole = n - n % L;
        FloatVector sum = FloatVector.zero(F);
        for (int i = 0; i < whole; i += L) {
            sum = sum.add(load(x, i));
        }
        sum = sum.add(load(x, whole, rest));
        float mean = Lanes.sum(sum) / n;
        FloatVector squares = FloatVector.zero(F);
        for (int i = 0; i < whole; i += L) {
            FloatVector d = load(x, i).sub(mean);
            squares = d.fma(d, squares);
        }
        FloatVector d = load(x, whole, rest).sub(mean);
        squares = squares.add(d.mul(d), rest);
        float scale = (float) (1 / Math.sqrt((double) Lanes.sum(squares) / n + epsilon));
        for (int i = 0; i < whole; i += L) {
            load(x, i)
                    .sub(mean)
                    .mul(scale)
                    .fma(load(weight, i), load(bias, i))
                    .intoMemorySegment(ALL, o + 4L * i, ORDER);
        }
        load(x, whole, rest)
                .sub(mean)
                .mul(scale)
                .fma(load(weight, whole, rest), load(bias, whole, rest))
                .intoMemorySegment(ALL, o + 4L * whole, ORDER, rest);
    }

    private static void geluRow(long o, long x, long p, long q, int n) {
        int whole = n - n % L;
        for (int i = 0; i < whole; i += L) {
            Elementary.gelu(load(x, i)).intoMemorySegment(ALL, o + 4L * i, ORDER);
        }
        VectorMask<Float> rest = F.indexInRange(0, n % L);
        Elementary.gelu(load(x, whole, rest)).intoMemorySegment(ALL, o + 4L * whole, ORDER, rest);
    }

    private static void gegluRow(long o, long x, long p, long q, int n) {
        long gate = x + 4L * n;
        int whole = n - n % L;
        for (int i = 0; i < whole; i += L) {
            Elementary.gelu(load(gate, i))
                    .mul(load(x, i))
                    .intoMemorySegment(ALL, o + 4L * i, ORDER);
        }
        VectorMask<Float> rest = F.indexInRange(0, n % L);
        Elementary.gelu(load(gate, whole, rest))
                .mul(load(x, whole, rest))
                .intoMemorySegment(ALL, o + 4L * whole, ORDER, rest);
    }

    private static void reluRow(long o, long x, long p, long q, int n) {
        int whole = n - n % L;
        for (int i = 0; i < whole; i += L) {
            load(x, i).max(0f).intoMemorySegment(ALL, o + 4L * i, ORDER);
        }
        VectorMask<Float> rest = F.indexInRange(0, n % L);
        load(x, whole, rest).max(0f).intoMemorySegment(ALL, o + 4L * whole, ORDER, rest);
    }

    private static void sigmoidRow(long o, long x, long p, long q, int n) {
        FloatVector one = FloatVector.broadcast(F, 1f);
        int whole = n - n % L;
        for (int i = 0; i < whole; i += L) {
            one.div(Exp.exp(load(x, i).neg()).add(1f)).intoMemorySegment(ALL, o + 4L * i, ORDER);
        }
        VectorMask<Float> rest = F.indexInRange(0, n % L);
        one.div(Exp.exp(load(x, whole, rest).neg()).add(1f))
                .intoMemorySegment(ALL, o + 4L * whole, ORDER, rest);
    }

    /** The waveform alone passes here: too few elements for a polynomial of its own. */
    private static void tanhRow(long o, long x, long p, long q, int n) {
        for (int i = 0; i < n; i++) {
            Lanes.putFloat(o + 4L * i, (float) Math.tanh(Lanes.getFloat(x + 4L * i)));
        }
    }

    private static void scaleRow(long o, long x, long scale, long q, int n) {
        int whole = n - n % L;
        for (int i = 0; i < whole; i += L) {
            load(x, i).mul(load(scale, i)).intoMemorySegment(ALL, o + 4L * i, ORDER);
        }
        VectorMask<Float> rest = F.indexInRange(0, n % L);
        load(x, whole, rest)
                .mul(load(scale, whole, rest))
                .intoMemorySegment(ALL, o + 4L * whole, ORDER, rest);
    }

    private static void affineRow(long o, long x, long scale, long shift, int n) {
        int whole = n - n % L;
        for (int i = 0; i < whole; i += L) {
            load(x, i)
                    .fma(load(scale, i), load(shift, i))
                    .intoMemorySegment(ALL, o + 4L * i, ORDER);
        }
        VectorMask<Float> rest = F.indexInRange(0, n % L);
        load(x, whole, rest)
                .fma(load(scale, whole, rest), load(shift, whole, rest))
                .intoMemorySegment(ALL, o + 4L * whole, ORDER, rest);
    }

    /** {@code o = x + sin(alpha x)^2 / (alpha + 1e-9)} of one row of floats. */
    static void snakeRow(long o, long x, long alpha, long q, int n) {
        int whole = n - n % L;
        for (int i = 0; i < whole; i += L) {
            FloatVector v = load(x, i);
            FloatVector a = load(alpha, i);
            Elementary.sinSquared(v.mul(a))
                    .div(a.add(SNAKE_EPSILON))
                    .add(v)
                    .intoMemorySegment(ALL, o + 4L * i, ORDER);
        }
        VectorMask<Float> rest = F.indexInRange(0, n % L);
        FloatVector v = load(x, whole, rest);
        FloatVector a = load(alpha, whole, rest);
        Elementary.sinSquared(v.mul(a))
                .div(a.add(SNAKE_EPSILON))
                .add(v)
                .intoMemorySegment(ALL, o + 4L * whole, ORDER, rest);
    }

    @Override
    public void close() {
        pass.close();
    }
}
