package io.sparktts.tornado;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.sparktts.backend.BackendException;
import io.sparktts.backend.DType;
import io.sparktts.tornado.MatrixProduct.Operand;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.util.List;
import java.util.Optional;

/** The few functions of cuBLAS 12 and 13 that matrix products need, called in its C interface. */
@SuppressWarnings("restricted") // what calling C is
final class Cublas {
    private static final List<String> LIBRARIES = List.of("libcublas.so.13", "libcublas.so.12");
    private static final String DRIVER = "libcuda.so.1";

    /** What NVIDIA recommends for Hopper; without memory of its own a captured call allocates. */
    private static final long WORKSPACE_BYTES = 32L << 20;

    /** {@code CUBLAS_COMPUTE_32F}: float32 products in float32, not TF32. */
    private static final int COMPUTE_F32 = 68;

    private static final int NOT_TRANSPOSED = 0;
    private static final int TRANSPOSED = 1;
    private static final int DEFAULT_ALGORITHM = -1;

    private final MethodHandle setStream;
    private final MethodHandle setWorkspace;
    private final MethodHandle multiply;
    private final MemorySegment handle;
    private final long workspace;
    private final MemorySegment factors = Arena.global().allocate(JAVA_FLOAT, 2);
    private long stream = -1;

    /**
     * @param context the CUDA context to work in
     */
    Cublas(long context) {
        SymbolLookup driver = SymbolLookup.libraryLookup(DRIVER, Arena.global());
        SymbolLookup blas = library().orElseThrow();
        MethodHandle setContext = function(driver, "cuCtxSetCurrent", JAVA_LONG);
        MethodHandle allocate = function(driver, "cuMemAlloc_v2", ADDRESS, JAVA_LONG);
        MethodHandle create = function(blas, "cublasCreate_v2", ADDRESS);
        this.setStream = function(blas, "cublasSetStream_v2", ADDRESS, JAVA_LONG);
        this.setWorkspace =
                function(blas, "cublasSetWorkspace_v2", ADDRESS, JAVA_LONG, JAVA_LONG);
        this.multiply =
                function(
                        blas,
                        "cublasGemmStridedBatchedEx",
                        ADDRESS, // handle
                        JAVA_INT,
                        JAVA_INT, // transpositions
                        JAVA_INT,
                        JAVA_INT,
                        JAVA_INT, // m, n, k
                        ADDRESS, // alpha
                        JAVA_LONG,
                        JAVA_INT,
                        JAVA_INT,
                        JAVA_LONG, // A, its type, stride and batch stride
                        JAVA_LONG,
                        JAVA_INT,
                        JAVA_INT,
                        JAVA_LONG, // B
                        ADDRESS, // beta
                        JAVA_LONG,
                        JAVA_INT,
                        JAVA_INT,
                        JAVA_LONG, // C
                        JAVA_INT, // batch
                        JAVA_INT, // compute type
                        JAVA_INT); // algorithm
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(ADDRESS);
            check((int) setContext.invokeExact(context), "use the device's context");
            check((int) create.invokeExact(out), "start cuBLAS");
            this.handle = out.get(ADDRESS, 0);
            check((int) allocate.invokeExact(out, WORKSPACE_BYTES), "allocate its workspace");
            this.workspace = out.get(JAVA_LONG, 0);
        } catch (Throwable t) {
            throw failure(t);
        }
    }

    static boolean available() {
        return library().isPresent();
    }

    private static Optional<SymbolLookup> library() {
        for (String name : LIBRARIES) {
            try {
                return Optional.of(SymbolLookup.libraryLookup(name, Arena.global()));
            } catch (IllegalArgumentException e) {
                // Not on the library path; perhaps the other version is.
            }
        }
        return Optional.empty();
    }

    private static MethodHandle function(
            SymbolLookup library, String name, MemoryLayout... parameters) {
        return Linker.nativeLinker()
                .downcallHandle(
                        library.findOrThrow(name), FunctionDescriptor.of(JAVA_INT, parameters));
    }

    private static void check(int status, String what) {
        if (status != 0) {
            throw new BackendException("cuBLAS could not " + what + ": status " + status);
        }
    }

    private static RuntimeException failure(Throwable t) {
        if (t instanceof Error e) {
            throw e;
        }
        return t instanceof RuntimeException r ? r : new IllegalStateException(t);
    }

    private static int type(DType dtype) {
        return switch (dtype) {
            case F32 -> 0;
            case F16 -> 2;
            case BF16 -> 14;
            case F64, I32 -> throw new BackendException("no products of " + dtype.id());
        };
    }

    private static long address(Operand operand, long array) {
        return array + operand.offset() * operand.dtype().bytes();
    }

    /**
     * Queues a product. cuBLAS counts columns first: a row-major product is the transposed one of
     * its factors swapped.
     *
     * @param out where the arrays of the operands begin on the device
     */
    void multiply(long onStream, MatrixProduct p, long out, long left, long right) {
        factors.set(JAVA_FLOAT, 0, p.scale());
        try {
            if (stream != onStream) {
                check((int) setStream.invokeExact(handle, onStream), "take a stream");
                // A new stream takes the workspace away.
                check(
                        (int) setWorkspace.invokeExact(handle, workspace, WORKSPACE_BYTES),
                        "take its workspace");
                stream = onStream;
            }
            int status =
                    (int)
                            multiply.invokeExact(
                                    handle,
                                    p.transposed() ? TRANSPOSED : NOT_TRANSPOSED,
                                    NOT_TRANSPOSED,
                                    p.columns(),
                                    p.rows(),
                                    p.inner(),
                                    factors,
                                    address(p.right(), right),
                                    type(p.right().dtype()),
                                    p.right().stride(),
                                    p.right().batchStride(),
                                    address(p.left(), left),
                                    type(p.left().dtype()),
                                    p.left().stride(),
                                    p.left().batchStride(),
                                    factors.asSlice(JAVA_FLOAT.byteSize()),
                                    address(p.out(), out),
                                    type(p.out().dtype()),
                                    p.out().stride(),
                                    p.out().batchStride(),
                                    p.batch(),
                                    COMPUTE_F32,
                                    DEFAULT_ALGORITHM);
            check(status, "multiply matrices");
        } catch (Throwable t) {
            throw failure(t);
        }
    }
}
