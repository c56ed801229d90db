package io.sparktts.backend;

import org.jspecify.annotations.Nullable;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Objects;

/**
 * Zeroed host memory, aligned to cache lines; large pieces ask Linux for transparent huge pages,
 * which a stream of weights reads faster and which cost one page fault where plain ones cost 512.
 * Linux must be asked before memory is touched, and what {@link Arena#allocate} returns is touched
 * already: it comes zeroed. So such memory comes from mmap(2), which promises zeros and touches
 * nothing.
 */
public final class HostMemory {
    private static final long ALIGNMENT = 64;
    private static final long HUGE_PAGE = 2L << 20;

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

    private HostMemory() {}

    /**
     * Zeros that live as long as {@code arena}.
     *
     * @throws OutOfMemoryError when they are not to be had
     */
    public static MemorySegment allocate(Arena arena, long bytes) {
        MemorySegment huge = bytes >= HUGE_PAGE / 2 ? hugePages(arena, bytes) : null;
        return huge != null ? huge : arena.allocate(bytes, ALIGNMENT);
    }

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
     */
    @SuppressWarnings("restricted")
    private static @Nullable MemorySegment hugePages(Arena arena, long bytes) {
        if (MMAP == null || MUNMAP == null || MADVISE == null) {
            return null;
        }
        try {
            // Whole huge pages, the last one too, and one more so that they can be aligned: what
            // is not touched costs nothing.
            long whole = (bytes + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
            long length = whole + HUGE_PAGE;
            long start = (long) MMAP.invokeExact(0L, length, READ_WRITE, PRIVATE_ANONYMOUS, -1, 0L);
            if (start == MAP_FAILED) {
                return null;
            }
            long aligned = (start + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
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
