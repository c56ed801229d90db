package io.sparktts.host;

import org.jspecify.annotations.Nullable;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Objects;

/**
 * Memory that Linux backs with transparent huge pages. It must be asked for them before it is
 * touched, and what {@link Arena#allocate} returns is touched already: it comes zeroed. So the
 * memory comes from mmap(2), which promises zeros and touches nothing.
 */
final class HugePages {
    static final long SIZE = 2L << 20;

    private static final int READ_WRITE = 3;
    private static final int PRIVATE_ANONYMOUS = 0x22;
    private static final long MAP_FAILED = -1;
    private static final int MADV_HUGEPAGE = 14;

    private static final @Nullable MethodHandle MMAP =
            function(
                    "mmap",
                    FunctionDescriptor.of(
                            ValueLayout.JAVA_LONG,
                            ValueLayout.JAVA_LONG,
                            ValueLayout.JAVA_LONG,
                            ValueLayout.JAVA_INT,
                            ValueLayout.JAVA_INT,
                            ValueLayout.JAVA_INT,
                            ValueLayout.JAVA_LONG));
    private static final @Nullable MethodHandle MUNMAP =
            function(
                    "munmap",
                    FunctionDescriptor.of(
                            ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG));
    private static final @Nullable MethodHandle MADVISE =
            function(
                    "madvise",
                    FunctionDescriptor.of(
                            ValueLayout.JAVA_INT,
                            ValueLayout.JAVA_LONG,
                            ValueLayout.JAVA_LONG,
                            ValueLayout.JAVA_INT));

    private HugePages() {}

    @SuppressWarnings("restricted")
    private static @Nullable MethodHandle function(String name, FunctionDescriptor type) {
        if (!System.getProperty("os.name", "").equals("Linux")) {
            return null;
        }
        Linker linker = Linker.nativeLinker();
        return linker.defaultLookup()
                .find(name)
                .map(address -> linker.downcallHandle(address, type))
                .orElse(null);
    }

    /**
     * Zeros on huge pages where the system has them, else on plain ones; null where there is no
     * such memory to be had.
     *
     * @param arena unmaps it
     */
    @SuppressWarnings("restricted")
    static @Nullable MemorySegment allocate(Arena arena, long bytes) {
        if (MMAP == null || MUNMAP == null || MADVISE == null) {
            return null;
        }
        try {
            // Whole huge pages, the last one too, and one more so that they can be aligned: what
            // is not touched costs nothing.
            long whole = (bytes + SIZE - 1) / SIZE * SIZE;
            long length = whole + SIZE;
            long start = (long) MMAP.invokeExact(0L, length, READ_WRITE, PRIVATE_ANONYMOUS, -1, 0L);
            if (start == MAP_FAILED) {
                return null;
            }
            long aligned = (start + SIZE - 1) / SIZE * SIZE;
            // A hint: a refusal costs speed, nothing else.
            int ignored = (int) MADVISE.invokeExact(aligned, whole, MADV_HUGEPAGE);
            return MemorySegment.ofAddress(aligned)
                    .reinterpret(bytes, arena, _ -> unmap(start, length));
        } catch (Throwable e) {
            throw new IllegalStateException("mmap or madvise could not be called", e);
        }
    }

    private static void unmap(long start, long length) {
        try {
            int ignored = (int) Objects.requireNonNull(MUNMAP).invokeExact(start, length);
        } catch (Throwable e) {
            throw new IllegalStateException("munmap could not be called", e);
        }
    }
}
