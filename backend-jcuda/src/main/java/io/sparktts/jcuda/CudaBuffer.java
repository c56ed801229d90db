package io.sparktts.jcuda;

import io.sparktts.backend.BackendException;
import io.sparktts.backend.DeviceBuffer;
import io.sparktts.backend.Tensor;

import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUresult;
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
        int result = JCudaDriver.cuMemAlloc(base, Math.max(bytes, 1));
        if (result == CUresult.CUDA_ERROR_OUT_OF_MEMORY) {
            long[] free = new long[1];
            long[] total = new long[1];
            Cuda.check(JCudaDriver.cuMemGetInfo(free, total), "ask for the GPU's free memory");
            throw new BackendException(
                    String.format(
                            Locale.ROOT,
                            "out of GPU memory: %.1f MB wanted, %.1f MB free of %.1f MB",
                            bytes / 1e6,
                            free[0] / 1e6,
                            total[0] / 1e6));
        }
        Cuda.check(result, "allocate " + bytes + " bytes on the GPU");
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
