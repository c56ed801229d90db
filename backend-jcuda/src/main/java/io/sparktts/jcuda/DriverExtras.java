package io.sparktts.jcuda;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/** Driver calls that JCuda 12.6 lacks: launches with attributes, and tensor maps. */
@SuppressWarnings("restricted")
final class DriverExtras {
    private static final Linker LINKER = Linker.nativeLinker();

    // CUlaunchConfig of cuda.h: seven ints, padding, stream, attributes, their number.
    private static final long CONFIG_BYTES = 56;
    private static final long CONFIG_STREAM = 32;
    private static final long CONFIG_ATTRIBUTES = 40;
    private static final long CONFIG_ATTRIBUTE_COUNT = 48;
    // CUlaunchAttribute: an id padded to 8 bytes, a value of 64 bytes.
    private static final long ATTRIBUTE_BYTES = 72;
    private static final int PROGRAMMATIC_STREAM_SERIALIZATION = 6;

    private static final int MOST_ARGUMENTS = 48;
    private static final long ARGUMENT_BYTES = 4096;

    private final MethodHandle launchKernelEx;
    private final MethodHandle tensorMapEncodeTiled;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment config = arena.allocate(CONFIG_BYTES, 8);
    private final MemorySegment attribute = arena.allocate(ATTRIBUTE_BYTES, 8);
    private final MemorySegment pointers = arena.allocate(8L * MOST_ARGUMENTS, 8);
    private final MemorySegment values = arena.allocate(ARGUMENT_BYTES, 64);

    DriverExtras(String library) {
        SymbolLookup driver = SymbolLookup.libraryLookup(library, arena);
        launchKernelEx =
                LINKER.downcallHandle(
                        driver.findOrThrow("cuLaunchKernelEx"),
                        FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_LONG, ADDRESS, ADDRESS));
        tensorMapEncodeTiled =
                LINKER.downcallHandle(
                        driver.findOrThrow("cuTensorMapEncodeTiled"),
                        FunctionDescriptor.of(
                                JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT, JAVA_LONG, ADDRESS, ADDRESS,
                                ADDRESS, ADDRESS, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT));
        attribute.set(JAVA_INT, 0, PROGRAMMATIC_STREAM_SERIALIZATION);
        attribute.set(JAVA_INT, 8, 1);
    }

    /**
     * Queues a kernel.
     *
     * @param dependent whether it may start before the stream's preceding kernel has finished
     *     (programmatic dependent launch); the kernel then waits itself
     * @param arguments {@link Long}, {@link Integer}, {@link Float}, or a struct's bytes
     */
    void launch(
            long function,
            CudaStream stream,
            int gridX,
            int gridY,
            int gridZ,
            int threads,
            int sharedBytes,
            boolean dependent,
            Object... arguments) {
        config.set(JAVA_INT, 0, gridX);
        config.set(JAVA_INT, 4, gridY);
        config.set(JAVA_INT, 8, gridZ);
        config.set(JAVA_INT, 12, threads);
        config.set(JAVA_INT, 16, 1);
        config.set(JAVA_INT, 20, 1);
        config.set(JAVA_INT, 24, sharedBytes);
        config.set(JAVA_LONG, CONFIG_STREAM, stream.handle());
        config.set(ADDRESS, CONFIG_ATTRIBUTES, attribute);
        config.set(JAVA_INT, CONFIG_ATTRIBUTE_COUNT, dependent ? 1 : 0);
        long at = 0;
        for (int i = 0; i < arguments.length; i++) {
            Object argument = arguments[i];
            if (argument instanceof MemorySegment) {
                at = (at + 63) & -64;
            }
            pointers.setAtIndex(ADDRESS, i, values.asSlice(at));
            switch (argument) {
                case Long l -> values.set(JAVA_LONG, at, l);
                case Integer n -> values.set(JAVA_INT, at, n);
                case Float f -> values.set(ValueLayout.JAVA_FLOAT, at, f);
                case MemorySegment s -> values.asSlice(at, s.byteSize()).copyFrom(s);
                default ->
                        throw new IllegalArgumentException(
                                "no kernel argument: " + argument.getClass());
            }
            at += argument instanceof MemorySegment s ? (s.byteSize() + 7) & -8 : 8;
        }
        int result;
        try {
            result =
                    (int)
                            launchKernelEx.invokeExact(
                                    config, function, pointers, MemorySegment.NULL);
        } catch (Throwable e) {
            throw new IllegalStateException("cuLaunchKernelEx could not be called", e);
        }
        Cuda.check(result, "launch a kernel");
    }

    /** See {@link CudaTensorMap#of}. */
    MemorySegment tensorMap(CudaTensorMap.Matrix m) {
        int type =
                switch (m.dtype()) {
                    case F16 -> 6;
                    case F32 -> 7;
                    case BF16 -> 9;
                    default -> throw new IllegalArgumentException("no tensor map of " + m.dtype());
                };
        MemorySegment map = Arena.ofAuto().allocate(128, 64);
        try (Arena scratch = Arena.ofConfined()) {
            MemorySegment extents = scratch.allocateFrom(JAVA_LONG, m.columns(), m.rows());
            MemorySegment strides = scratch.allocateFrom(JAVA_LONG, m.pitch() * m.dtype().bytes());
            MemorySegment box = scratch.allocateFrom(JAVA_INT, m.boxColumns(), m.boxRows());
            MemorySegment steps = scratch.allocateFrom(JAVA_INT, 1, 1);
            int noInterleave = 0;
            int swizzle128 = 3;
            int promote256 = 3;
            int zeroFill = 0;
            int result =
                    (int)
                            tensorMapEncodeTiled.invokeExact(
                                    map,
                                    type,
                                    2,
                                    m.address(),
                                    extents,
                                    strides,
                                    box,
                                    steps,
                                    noInterleave,
                                    swizzle128,
                                    promote256,
                                    zeroFill);
            Cuda.check(result, "describe a matrix to the copy engine");
        } catch (io.sparktts.backend.BackendException e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException("cuTensorMapEncodeTiled could not be called", e);
        }
        return map;
    }

    void close() {
        arena.close();
    }
}
