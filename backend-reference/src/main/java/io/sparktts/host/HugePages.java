package io.sparktts.host;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Optional;

/** Asks Linux for transparent huge pages through madvise(2); elsewhere it does nothing. */
final class HugePages {
    private static final int MADV_HUGEPAGE = 14;
    private static final Optional<MethodHandle> MADVISE = lookUp();

    private HugePages() {}

    @SuppressWarnings("restricted")
    private static Optional<MethodHandle> lookUp() {
        if (!System.getProperty("os.name", "").equals("Linux")) {
            return Optional.empty();
        }
        Linker linker = Linker.nativeLinker();
        FunctionDescriptor type =
                FunctionDescriptor.of(
                        ValueLayout.JAVA_INT,
                        ValueLayout.JAVA_LONG,
                        ValueLayout.JAVA_LONG,
                        ValueLayout.JAVA_INT);
        return linker.defaultLookup()
                .find("madvise")
                .map(address -> linker.downcallHandle(address, type));
    }

    /** A hint: a refusal costs speed, nothing else. */
    static void advise(MemorySegment segment) {
        if (MADVISE.isEmpty()) {
            return;
        }
        try {
            int ignored =
                    (int)
                            MADVISE.get()
                                    .invokeExact(
                                            segment.address(), segment.byteSize(), MADV_HUGEPAGE);
        } catch (Throwable e) {
            throw new IllegalStateException("madvise could not be called", e);
        }
    }
}
