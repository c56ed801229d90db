package io.sparktts.jcuda;

import io.sparktts.backend.DeviceBuffer;
import io.sparktts.backend.Tensor;

import jcuda.Pointer;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.JCudaDriver;

import org.jspecify.annotations.Nullable;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Locale;

/** GPU memory. Bases are aligned to 256 bytes. */
final class CudaBuffer implements DeviceBuffer {
    /** A ByteBuffer, which JCuda takes, ends at 2 GiB. */
    private static final long COPY_STEP = 1L << 30;

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

    /**
     * Copies to the GPU and waits until the bytes are there: the driver returns once it has staged
     * them, and streams do not wait for its own one.
     */
    void write(long byteOffset, MemorySegment source) {
        for (long at = 0; at < source.byteSize(); at += COPY_STEP) {
            long n = Math.min(COPY_STEP, source.byteSize() - at);
            Cuda.check(
                    JCudaDriver.cuMemcpyHtoD(
                            pointer(byteOffset + at),
                            Pointer.to(source.asSlice(at, n).asByteBuffer()),
                            n),
                    "copy to the GPU");
        }
        context.finish();
    }

    /** Copies from the GPU. */
    void read(long byteOffset, MemorySegment target) {
        for (long at = 0; at < target.byteSize(); at += COPY_STEP) {
            long n = Math.min(COPY_STEP, target.byteSize() - at);
            Cuda.check(
                    JCudaDriver.cuMemcpyDtoH(
                            Pointer.to(target.asSlice(at, n).asByteBuffer()),
                            pointer(byteOffset + at),
                            n),
                    "copy from the GPU");
        }
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
