package io.sparktts.jcuda;

import io.sparktts.backend.DeviceBuffer;
import io.sparktts.backend.Tensor;

import jcuda.driver.CUdeviceptr;
import jcuda.driver.JCudaDriver;

import org.jspecify.annotations.Nullable;

import java.util.Arrays;
import java.util.Locale;

/** GPU memory. Bases are aligned to 256 bytes. */
final class CudaBuffer implements DeviceBuffer {
    private static final class Address extends CUdeviceptr {
        long value() {
            return getNativePointer();
        }
    }

    private final CudaContext context;
    private final Address base = new Address();
    private final long bytes;
    private boolean open = true;

    /**
     * @throws BackendException when out of memory, naming sizes
     */
    CudaBuffer(CudaContext context, long bytes) {
        this.context = context;
        this.bytes = bytes;
        Cuda.check(
                JCudaDriver.cuMemAlloc(base, Math.max(bytes, 1)),
                String.format(Locale.ROOT, "allocate %.1f MB", bytes / 1e6));
    }

    /** Device address of a tensor's first element. */
    static long address(Tensor t) {
        return ((CudaBuffer) t.buffer()).address() + t.offset() * t.dtype().bytes();
    }

    /** As {@link #address(Tensor)}; 0 for none. */
    static long addressOrNull(@Nullable Tensor t) {
        return t == null ? 0 : address(t);
    }

    /** Whether kernels may move 16 bytes of these at a time. */
    static boolean aligned16(Tensor... tensors) {
        return Arrays.stream(tensors).allMatch(t -> (address(t) & 15) == 0);
    }

    long address() {
        return base.value();
    }

    CudaContext context() {
        return context;
    }

    /** A pointer into the buffer, for JCuda's calls. */
    CUdeviceptr pointer(long byteOffset) {
        return base.withByteOffset(byteOffset);
    }

    @Override
    public long byteSize() {
        return bytes;
    }

    @Override
    public void close() {
        if (open) {
            open = false;
            context.bind();
            Cuda.check(JCudaDriver.cuMemFree(base), "free GPU memory");
        }
    }
}
