package io.sparktts.jcuda;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import org.jspecify.annotations.Nullable;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.util.OptionalInt;

/** The multiprocessors' clock, from NVML where it is installed. */
@SuppressWarnings("restricted")
final class GpuClock implements AutoCloseable {
    private static final int CLOCK_SM = 1;

    private final Arena arena = Arena.ofShared();
    private final MemorySegment value = arena.allocate(JAVA_INT);
    private final @Nullable MethodHandle clockInfo;
    private final MemorySegment device;

    private GpuClock(@Nullable MethodHandle clockInfo, MemorySegment device) {
        this.clockInfo = clockInfo;
        this.device = device;
    }

    /** The clock of a GPU; one that says nothing where NVML is missing. */
    static GpuClock of(CudaContext context) {
        try {
            return open(context.busId());
        } catch (IllegalArgumentException e) {
            // The library is not installed.
            return new GpuClock(null, MemorySegment.NULL);
        }
    }

    private static GpuClock open(String busId) {
        Linker linker = Linker.nativeLinker();
        SymbolLookup nvml = SymbolLookup.libraryLookup("libnvidia-ml.so.1", Arena.global());
        FunctionDescriptor plain = FunctionDescriptor.of(JAVA_INT);
        MethodHandle init = linker.downcallHandle(nvml.findOrThrow("nvmlInit_v2"), plain);
        MethodHandle byBusId =
                linker.downcallHandle(
                        nvml.findOrThrow("nvmlDeviceGetHandleByPciBusId_v2"),
                        FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS));
        MethodHandle clockInfo =
                linker.downcallHandle(
                        nvml.findOrThrow("nvmlDeviceGetClockInfo"),
                        FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT, ADDRESS));
        try (Arena scratch = Arena.ofConfined()) {
            MemorySegment handle = scratch.allocate(ADDRESS);
            boolean found =
                    (int) init.invokeExact() == 0
                            && (int) byBusId.invokeExact(scratch.allocateFrom(busId), handle) == 0;
            return found
                    ? new GpuClock(clockInfo, handle.get(ADDRESS, 0))
                    : new GpuClock(null, MemorySegment.NULL);
        } catch (Throwable e) {
            throw new IllegalStateException("NVML could not be called", e);
        }
    }

    /** Megahertz now; empty where nobody knows. */
    OptionalInt megahertz() {
        if (clockInfo == null) {
            return OptionalInt.empty();
        }
        try {
            return (int) clockInfo.invokeExact(device, CLOCK_SM, value) == 0
                    ? OptionalInt.of(value.get(JAVA_INT, 0))
                    : OptionalInt.empty();
        } catch (Throwable e) {
            throw new IllegalStateException("NVML could not be called", e);
        }
    }

    @Override
    public void close() {
        arena.close();
    }
}
