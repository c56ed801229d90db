package io.sparktts.jcuda;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.sparktts.backend.BackendException;
import io.sparktts.backend.DType;
import io.sparktts.backend.Tensor;

import org.jspecify.annotations.Nullable;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Matrix products by cuBLASLt of whichever CUDA 12 or 13 is installed, called through
 * java.lang.foreign: JCuda's own binding loads CUDA 12's alone.
 */
@SuppressWarnings("restricted")
final class CublasLt implements AutoCloseable {
    private static final List<String> LIBRARIES =
            List.of("libcublasLt.so.13", "libcublasLt.so.12", "libcublasLt.so");
    private static final Linker LINKER = Linker.nativeLinker();

    static final long WORKSPACE_BYTES = 64L << 20;

    // Constants of cublasLt.h and library_types.h.
    private static final int OPERATION_TRANSPOSE = 1;
    private static final int COMPUTE_32F = 68;
    private static final int COMPUTE_32F_FAST_TF32 = 77;
    private static final int R_32F = 0;
    private static final int DESC_TRANSA = 3;
    private static final int DESC_EPILOGUE = 7;
    private static final int DESC_BIAS_POINTER = 8;
    private static final int EPILOGUE_BIAS = 4;
    private static final int PREFERENCE_WORKSPACE = 1;
    private static final int PREFERENCE_ALIGNMENT_A = 5;
    private static final long ALGORITHM_BYTES = 64;
    private static final long HEURISTIC_BYTES = 96;

    /** What a plan depends on: sizes, pitches, dtypes and how far pointers are aligned. */
    private record Key(
            int m,
            int n,
            int k,
            int pitch,
            DType in,
            DType out,
            boolean bias,
            boolean residual,
            boolean tf32,
            int alignX,
            int alignOut,
            int alignResidual) {}

    private record Plan(
            MemorySegment description,
            MemorySegment weight,
            MemorySegment x,
            MemorySegment out,
            MemorySegment algorithm) {}

    private final Arena arena = Arena.ofShared();
    private final SymbolLookup library;
    private final MethodHandle matmul;
    private final MethodHandle setDescription;
    private final MemorySegment handle;
    private final MemorySegment one = arena.allocateFrom(JAVA_FLOAT, 1f);
    private final MemorySegment zero = arena.allocateFrom(JAVA_FLOAT, 0f);
    private final MemorySegment address = arena.allocate(JAVA_LONG);
    private final Map<Key, Optional<Plan>> plans = new HashMap<>();

    private CublasLt(SymbolLookup library) {
        this.library = library;
        matmul =
                function(
                        "cublasLtMatmul",
                        ADDRESS,
                        ADDRESS,
                        ADDRESS,
                        JAVA_LONG,
                        ADDRESS,
                        JAVA_LONG,
                        ADDRESS,
                        ADDRESS,
                        JAVA_LONG,
                        ADDRESS,
                        JAVA_LONG,
                        ADDRESS,
                        ADDRESS,
                        JAVA_LONG,
                        JAVA_LONG,
                        JAVA_LONG);
        setDescription =
                function("cublasLtMatmulDescSetAttribute", ADDRESS, JAVA_INT, ADDRESS, JAVA_LONG);
        handle = create("cublasLtCreate");
    }

    /** The library, where it is installed. */
    static Optional<CublasLt> load() {
        return LIBRARIES.stream()
                .flatMap(name -> lookup(name).stream())
                .findFirst()
                .map(CublasLt::new);
    }

    private static Optional<SymbolLookup> lookup(String library) {
        try {
            return Optional.of(SymbolLookup.libraryLookup(library, Arena.global()));
        } catch (IllegalArgumentException e) {
            // That is how a library that the loader does not find is reported.
            return Optional.empty();
        }
    }

    private MethodHandle function(String name, MemoryLayout... arguments) {
        return LINKER.downcallHandle(
                library.findOrThrow(name), FunctionDescriptor.of(JAVA_INT, arguments));
    }

    private static void check(int status, String what) {
        if (status != 0) {
            throw new BackendException("cuBLASLt cannot " + what + ": status " + status);
        }
    }

    private MemorySegment create(String name) {
        MemorySegment place = arena.allocate(ADDRESS);
        try {
            check((int) function(name, ADDRESS).invokeExact(place), "start");
        } catch (RuntimeException e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(name + " could not be called", e);
        }
        return place.get(ADDRESS, 0);
    }

    /**
     * {@code out = x W^T + bias + residual}, accumulated in float32 and rounded once.
     *
     * @param out {@code [m, n]}, may be {@code residual}
     * @param tf32 whether float32 factors may be rounded to TF32
     * @return false if cuBLASLt has no good kernel for these sizes and alignments; nothing is
     *     queued
     */
    boolean linear(
            CudaStream stream,
            Tensor out,
            Tensor x,
            CudaWeight weight,
            @Nullable Tensor bias,
            @Nullable Tensor residual,
            boolean tf32,
            CudaBuffer workspace) {
        if (!wide(x) || !wide(out) || (residual != null && !wide(residual))) {
            return false;
        }
        Key key =
                new Key(
                        x.rows(),
                        weight.outFeatures(),
                        weight.inFeatures(),
                        weight.pitch(),
                        x.dtype(),
                        out.dtype(),
                        bias != null,
                        residual != null,
                        tf32,
                        alignment(x),
                        alignment(out),
                        residual == null ? 0 : alignment(residual));
        Plan plan = plans.computeIfAbsent(key, this::plan).orElse(null);
        if (plan == null) {
            return false;
        }
        try {
            if (bias != null) {
                address.set(JAVA_LONG, 0, CudaBuffer.address(bias));
                check(
                        (int)
                                setDescription.invokeExact(
                                        plan.description, DESC_BIAS_POINTER, address, 8L),
                        "take a bias");
            }
            long c = CudaBuffer.address(residual == null ? out : residual);
            // A variable: the call's signature is made of the expressions' own types.
            MemorySegment beta = residual == null ? zero : one;
            check(
                    (int)
                            matmul.invokeExact(
                                    handle,
                                    plan.description,
                                    one,
                                    weight.address(),
                                    plan.weight,
                                    CudaBuffer.address(x),
                                    plan.x,
                                    beta,
                                    c,
                                    plan.out,
                                    CudaBuffer.address(out),
                                    plan.out,
                                    plan.algorithm,
                                    workspace.address(),
                                    WORKSPACE_BYTES,
                                    stream.handle()),
                    "multiply");
        } catch (RuntimeException e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException("cublasLtMatmul could not be called", e);
        }
        return true;
    }

    /**
     * Whether rows start at multiples of 16 bytes. For others cuBLASLt 13.0 has kernels that add a
     * bfloat16 bias to a rounded product.
     */
    private static boolean wide(Tensor t) {
        return t.columns() * t.dtype().bytes() % 16 == 0 && alignment(t) >= 16;
    }

    /** Bytes that a pointer is aligned to, at most 256. */
    private static int alignment(Tensor t) {
        return (int) Math.min(256, Long.lowestOneBit(CudaBuffer.address(t) | 256));
    }

    /**
     * The product as cuBLAS sees it, in columns: {@code out^T [n, m] = W [n, k] x^T [k, m]}, where
     * W is stored transposed.
     */
    private Optional<Plan> plan(Key k) {
        try (Arena scratch = Arena.ofConfined()) {
            MemorySegment place = scratch.allocate(ADDRESS);
            MemorySegment number = scratch.allocate(JAVA_INT);
            check(
                    (int)
                            function("cublasLtMatmulDescCreate", ADDRESS, JAVA_INT, JAVA_INT)
                                    .invokeExact(
                                            place,
                                            k.tf32 ? COMPUTE_32F_FAST_TF32 : COMPUTE_32F,
                                            R_32F),
                    "describe a product");
            MemorySegment description = place.get(ADDRESS, 0);
            number.set(JAVA_INT, 0, OPERATION_TRANSPOSE);
            check(
                    (int) setDescription.invokeExact(description, DESC_TRANSA, number, 4L),
                    "transpose");
            if (k.bias) {
                number.set(JAVA_INT, 0, EPILOGUE_BIAS);
                check(
                        (int) setDescription.invokeExact(description, DESC_EPILOGUE, number, 4L),
                        "add a bias");
            }
            MemorySegment weight = layout(place, k.in, k.k, k.n, k.pitch);
            MemorySegment x = layout(place, k.in, k.k, k.m, k.k);
            MemorySegment out = layout(place, k.out, k.n, k.m, k.n);
            Optional<MemorySegment> algorithm = algorithm(k, place, description, weight, x, out);
            return algorithm.map(a -> new Plan(description, weight, x, out, a));
        } catch (RuntimeException e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException("cuBLASLt could not be called", e);
        }
    }

    private MemorySegment layout(MemorySegment place, DType dtype, int rows, int columns, int pitch)
            throws Throwable {
        int type =
                switch (dtype) {
                    case F32 -> R_32F;
                    case F16 -> 2;
                    case BF16 -> 14;
                    default -> throw new IllegalArgumentException("no product of " + dtype);
                };
        check(
                (int)
                        function(
                                        "cublasLtMatrixLayoutCreate",
                                        ADDRESS,
                                        JAVA_INT,
                                        JAVA_LONG,
                                        JAVA_LONG,
                                        JAVA_LONG)
                                .invokeExact(
                                        place, type, (long) rows, (long) columns, (long) pitch),
                "describe a matrix");
        return place.get(ADDRESS, 0);
    }

    private Optional<MemorySegment> algorithm(
            Key k,
            MemorySegment place,
            MemorySegment description,
            MemorySegment weight,
            MemorySegment x,
            MemorySegment out)
            throws Throwable {
        MethodHandle set =
                function(
                        "cublasLtMatmulPreferenceSetAttribute",
                        ADDRESS,
                        JAVA_INT,
                        ADDRESS,
                        JAVA_LONG);
        MethodHandle heuristic =
                function(
                        "cublasLtMatmulAlgoGetHeuristic",
                        ADDRESS,
                        ADDRESS,
                        ADDRESS,
                        ADDRESS,
                        ADDRESS,
                        ADDRESS,
                        ADDRESS,
                        JAVA_INT,
                        ADDRESS,
                        ADDRESS);
        check(
                (int) function("cublasLtMatmulPreferenceCreate", ADDRESS).invokeExact(place),
                "take preferences");
        MemorySegment preference = place.get(ADDRESS, 0);
        try (Arena scratch = Arena.ofConfined()) {
            MemorySegment bytes = scratch.allocateFrom(JAVA_LONG, WORKSPACE_BYTES);
            check(
                    (int) set.invokeExact(preference, PREFERENCE_WORKSPACE, bytes, 8L),
                    "take a workspace");
            int[] alignments = {
                256,
                k.alignX,
                k.residual ? Math.min(k.alignResidual, k.alignOut) : k.alignOut,
                k.alignOut
            };
            for (int i = 0; i < alignments.length; i++) {
                MemorySegment alignment = scratch.allocateFrom(JAVA_INT, alignments[i]);
                check(
                        (int)
                                set.invokeExact(
                                        preference, PREFERENCE_ALIGNMENT_A + i, alignment, 4L),
                        "take an alignment");
            }
            MemorySegment result = scratch.allocate(HEURISTIC_BYTES, 8);
            MemorySegment found = scratch.allocate(JAVA_INT);
            int status =
                    (int)
                            heuristic.invokeExact(
                                    handle,
                                    description,
                                    weight,
                                    x,
                                    out,
                                    out,
                                    preference,
                                    1,
                                    result,
                                    found);
            if (status != 0 || found.get(JAVA_INT, 0) == 0) {
                return Optional.empty();
            }
            MemorySegment algorithm = arena.allocate(ALGORITHM_BYTES, 8);
            algorithm.copyFrom(result.asSlice(0, ALGORITHM_BYTES));
            return Optional.of(algorithm);
        } finally {
            int ignored =
                    (int)
                            function("cublasLtMatmulPreferenceDestroy", ADDRESS)
                                    .invokeExact(preference);
        }
    }

    @Override
    public void close() {
        try {
            check((int) function("cublasLtDestroy", ADDRESS).invokeExact(handle), "stop");
        } catch (RuntimeException e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException("cublasLtDestroy could not be called", e);
        }
        arena.close();
    }
}
