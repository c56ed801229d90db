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
import java.util.ArrayList;
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

    private static final int PROPOSALS = 12;
    private static final int TRIALS = 3;
    private static final double LONG_FLOPS = 1e11;
    private static final double CLEARLY_FASTER = 0.97;

    /** For what the driver itself takes: pages, kernels' code, a graph. */
    private static final long TRIAL_MARGIN_BYTES = 64L << 20;

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
            throw new BackendException("cuBLASLt cannot " + what + ": " + describe(status));
        }
    }

    /** One line: what a cublasStatus_t means. */
    static String describe(int status) {
        return switch (status) {
            case 1, 3 -> "out of memory, the GPU's or the host's (status " + status + ")";
            case 8 -> "it has no kernels for this GPU; install a newer cuBLAS (status 8)";
            case 13 -> "its kernel failed; the device may be lost to this process (status 13)";
            default -> "status " + status;
        };
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
        Plan plan =
                plans.computeIfAbsent(key, k -> plan(k, stream, x, weight, workspace)).orElse(null);
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
            long to = CudaBuffer.address(out);
            long from = residual == null ? to : CudaBuffer.address(residual);
            int status =
                    multiply(
                            plan,
                            weight.address(),
                            CudaBuffer.address(x),
                            residual == null ? 0f : 1f,
                            from,
                            to,
                            workspace,
                            stream);
            check(status, "multiply");
        } catch (RuntimeException e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException("cublasLtMatmul could not be called", e);
        }
        return true;
    }

    private int multiply(
            Plan plan,
            long weight,
            long x,
            float beta,
            long residual,
            long out,
            CudaBuffer workspace,
            CudaStream stream) {
        // A variable: the call's signature is made of the expressions' own types.
        MemorySegment factor = beta == 0 ? zero : one;
        try {
            return (int)
                    matmul.invokeExact(
                            handle,
                            plan.description,
                            one,
                            weight,
                            plan.weight,
                            x,
                            plan.x,
                            factor,
                            residual,
                            plan.out,
                            out,
                            plan.out,
                            plan.algorithm,
                            workspace.address(),
                            WORKSPACE_BYTES,
                            stream.handle());
        } catch (Throwable e) {
            throw new IllegalStateException("cublasLtMatmul could not be called", e);
        }
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
    private Optional<Plan> plan(
            Key k,
            CudaStream stream,
            Tensor xTensor,
            CudaWeight weightTensor,
            CudaBuffer workspace) {
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
            List<Plan> plans =
                    algorithms(k, place, description, weight, x, out).stream()
                            .map(a -> new Plan(description, weight, x, out, a))
                            .toList();
            return fastest(plans, k, stream, xTensor, weightTensor, workspace);
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

    /** What cuBLASLt proposes, the most promising first. */
    private List<MemorySegment> algorithms(
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
            MemorySegment results = scratch.allocate(PROPOSALS * HEURISTIC_BYTES, 8);
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
                                    PROPOSALS,
                                    results,
                                    found);
            List<MemorySegment> algorithms = new ArrayList<>();
            for (int i = 0; status == 0 && i < found.get(JAVA_INT, 0); i++) {
                MemorySegment algorithm = arena.allocate(ALGORITHM_BYTES, 8);
                algorithm.copyFrom(results.asSlice(i * HEURISTIC_BYTES, ALGORITHM_BYTES));
                algorithms.add(algorithm);
            }
            return algorithms;
        } finally {
            int ignored =
                    (int)
                            function("cublasLtMatmulPreferenceDestroy", ADDRESS)
                                    .invokeExact(preference);
        }
    }

    /**
     * Runs the proposals once each after a warm-up, since the order that cuBLASLt gives is a guess;
     * a later one has to be clearly faster, so that noise does not choose. Where memory has no room
     * for a trial's result, the guess has to do.
     */
    private Optional<Plan> fastest(
            List<Plan> plans,
            Key k,
            CudaStream stream,
            Tensor x,
            CudaWeight weight,
            CudaBuffer workspace)
            throws Throwable {
        long outBytes = (long) k.m * k.n * k.out.bytes();
        long biasBytes = (long) k.n * k.out.bytes();
        if (plans.size() < 2 || !Cuda.hasRoomFor(outBytes + biasBytes + TRIAL_MARGIN_BYTES)) {
            return plans.stream().findFirst();
        }
        try (CudaTimer timer = new CudaTimer(stream);
                CudaBuffer out = new CudaBuffer(workspace.context(), outBytes);
                CudaBuffer bias = new CudaBuffer(workspace.context(), biasBytes)) {
            address.set(JAVA_LONG, 0, bias.address());
            if (k.bias) {
                check(
                        (int)
                                setDescription.invokeExact(
                                        plans.getFirst().description,
                                        DESC_BIAS_POINTER,
                                        address,
                                        8L),
                        "take a bias");
            }
            // Short products need many to be told apart.
            int repeats = 2.0 * k.m * k.n * k.k < LONG_FLOPS ? 16 : 1;
            Plan best = plans.getFirst();
            double bestMillis = Double.MAX_VALUE;
            for (Plan plan : plans) {
                double millis = millis(plan, repeats, k, timer, stream, x, weight, out, workspace);
                if (millis < CLEARLY_FASTER * bestMillis) {
                    best = plan;
                    bestMillis = millis;
                }
            }
            return Optional.of(best);
        }
    }

    /** Time of a proposal inside a graph, as models run it; the largest number if it fails. */
    private double millis(
            Plan plan,
            int repeats,
            Key k,
            CudaTimer timer,
            CudaStream stream,
            Tensor x,
            CudaWeight weight,
            CudaBuffer out,
            CudaBuffer workspace) {
        int[] status = {0};
        Runnable calls =
                () -> {
                    for (int i = 0; i < repeats && status[0] == 0; i++) {
                        status[0] =
                                multiply(
                                        plan,
                                        weight.address(),
                                        CudaBuffer.address(x),
                                        k.residual ? 1f : 0f,
                                        out.address(),
                                        out.address(),
                                        workspace,
                                        stream);
                    }
                };
        // Loads what is loaded on first use, which a recording may not.
        calls.run();
        double millis = Double.MAX_VALUE;
        if (status[0] == 0) {
            try (CudaGraph graph = new CudaGraph(stream, calls)) {
                for (int i = 0; i <= TRIALS; i++) {
                    timer.start();
                    graph.replay();
                    double now = timer.millis();
                    millis = i == 0 ? millis : Math.min(millis, now);
                }
            }
        }
        return status[0] == 0 ? millis : Double.MAX_VALUE;
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
