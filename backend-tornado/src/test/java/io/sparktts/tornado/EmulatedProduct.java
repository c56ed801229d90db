package io.sparktts.tornado;

import io.sparktts.backend.DType;
import io.sparktts.backend.HostTensor;
import io.sparktts.tornado.MatrixProduct.Operand;

import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** What a library makes of a {@link MatrixProduct}, as plain Java. */
final class EmulatedProduct {
    private EmulatedProduct() {}

    /** An operand's buffer as numbers. */
    private record Numbers(HostTensor all, MemorySegment memory, Operand operand) {
        static Numbers of(Arena arena, Operand operand) {
            DType dtype = operand.dtype();
            long bytes = operand.buffer().byteSize();
            MemorySegment memory =
                    ((TornadoNativeArray) operand.buffer().memory())
                            .getSegmentWithHeader()
                            .asSlice(TornadoNativeArray.ARRAY_HEADER, bytes);
            HostTensor all = HostTensor.allocate(arena, dtype, bytes / dtype.bytes());
            all.data().copyFrom(memory);
            return new Numbers(all, memory, operand);
        }

        long at(int matrix, int row, int column) {
            return operand.offset()
                    + matrix * operand.batchStride()
                    + (long) row * operand.stride()
                    + column;
        }

        double get(int matrix, int row, int column) {
            return all.get(at(matrix, row, column));
        }
    }

    static void run(MatrixProduct p) {
        try (Arena arena = Arena.ofConfined()) {
            Numbers out = Numbers.of(arena, p.out());
            Numbers left = Numbers.of(arena, p.left());
            Numbers right = Numbers.of(arena, p.right());
            for (int b = 0; b < p.batch(); b++) {
                for (int r = 0; r < p.rows(); r++) {
                    for (int c = 0; c < p.columns(); c++) {
                        double sum = 0;
                        for (int k = 0; k < p.inner(); k++) {
                            double factor =
                                    p.transposed() ? right.get(b, c, k) : right.get(b, k, c);
                            sum += left.get(b, r, k) * factor;
                        }
                        out.all.set(out.at(b, r, c), p.scale() * sum);
                    }
                }
            }
            out.memory.copyFrom(out.all.data());
        }
    }
}
