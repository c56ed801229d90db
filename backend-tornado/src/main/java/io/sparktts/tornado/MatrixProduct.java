package io.sparktts.tornado;

import io.sparktts.backend.DType;
import io.sparktts.backend.Tensor;

/**
 * A batch of matrix products that a library makes, accumulated in float32: {@code out = scale *
 * left right^T}, or {@code left right} if {@code right} is not transposed.
 *
 * @param rows of {@code left} and {@code out}
 * @param columns of {@code out}
 * @param inner columns of {@code left}
 * @param batch how many products, each one batch stride after the other
 * @param transposed whether {@code right} is {@code [columns, inner]} and not {@code [inner,
 *     columns]}
 */
record MatrixProduct(
        int rows,
        int columns,
        int inner,
        int batch,
        Operand out,
        Operand left,
        Operand right,
        boolean transposed,
        float scale)
        implements Executor.Step {
    /**
     * A row-major matrix of a batch.
     *
     * @param offset its first element in the buffer
     * @param stride elements from a row to the next
     * @param batchStride elements from a matrix to the next
     */
    record Operand(TornadoBuffer buffer, DType dtype, long offset, int stride, long batchStride) {
        /** A matrix within {@code t}, {@code first} elements after its begin. */
        static Operand of(Tensor t, long first, int stride, long batchStride) {
            TornadoBuffer buffer = (TornadoBuffer) t.buffer();
            return new Operand(buffer, t.dtype(), t.offset() + first, stride, batchStride);
        }

        /** All of a tensor. */
        static Operand of(Tensor t) {
            return of(t, 0, t.columns(), 0);
        }
    }

    /** {@code out = x W^T}. */
    static MatrixProduct linear(Tensor out, Tensor x, Tensor weight) {
        return new MatrixProduct(
                x.rows(),
                weight.rows(),
                x.columns(),
                1,
                Operand.of(out),
                Operand.of(x),
                Operand.of(weight),
                true,
                1);
    }
}
