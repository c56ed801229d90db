package io.sparktts.jcuda;

import io.sparktts.backend.BackendException;

import jcuda.driver.CUresult;
import jcuda.driver.JCudaDriver;

import java.util.Locale;

/** Error checking of driver calls. */
final class Cuda {
    private Cuda() {}

    /**
     * Throws on any result but success; when out of memory, with what is left.
     *
     * @param what what was tried, as it reads after "cannot"
     */
    static void check(int result, String what) {
        if (result != CUresult.CUDA_SUCCESS) {
            boolean full = result == CUresult.CUDA_ERROR_OUT_OF_MEMORY;
            throw new BackendException(
                    "cannot " + what + ": " + describe(result) + (full ? left() : ""));
        }
    }

    /** Whether so much memory is free now. */
    static boolean hasRoomFor(long bytes) {
        long[] free = new long[1];
        check(JCudaDriver.cuMemGetInfo(free, new long[1]), "ask for the GPU's free memory");
        return bytes <= free[0];
    }

    private static String left() {
        long[] free = new long[1];
        long[] total = new long[1];
        // Without a context, as where none could be made, only other processes can hold it.
        return JCudaDriver.cuMemGetInfo(free, total) == CUresult.CUDA_SUCCESS
                ? String.format(
                        Locale.ROOT, " (%.1f MB free of %.1f MB)", free[0] / 1e6, total[0] / 1e6)
                : "; nvidia-smi lists the processes that hold it";
    }

    /** One line: what the error means for the user, and its name. */
    static String describe(int result) {
        return switch (result) {
            case CUresult.CUDA_ERROR_OUT_OF_MEMORY -> "out of GPU memory";
            case CUresult.CUDA_ERROR_DEVICE_UNAVAILABLE ->
                    "another process holds the GPU in exclusive mode, or its mode forbids all use"
                            + " (nvidia-smi -q -d COMPUTE)";
            case CUresult.CUDA_ERROR_NO_BINARY_FOR_GPU ->
                    "the kernels were not built for this GPU's architecture; " + JCudaBackend.BUILD;
            case CUresult.CUDA_ERROR_INVALID_IMAGE,
                    CUresult.CUDA_ERROR_INVALID_PTX,
                    CUresult.CUDA_ERROR_UNSUPPORTED_PTX_VERSION ->
                    "the driver is older than the CUDA toolkit that built the kernels; update it,"
                            + " or build with a toolkit of the driver's version ("
                            + CUresult.stringFor(result)
                            + ")";
            case CUresult.CUDA_ERROR_ILLEGAL_ADDRESS ->
                    "a kernel read or wrote outside its memory; the device is lost to this process";
            case CUresult.CUDA_ERROR_ECC_UNCORRECTABLE,
                    CUresult.CUDA_ERROR_NVLINK_UNCORRECTABLE,
                    CUresult.CUDA_ERROR_LAUNCH_TIMEOUT,
                    CUresult.CUDA_ERROR_CONTEXT_IS_DESTROYED,
                    CUresult.CUDA_ERROR_ASSERT,
                    CUresult.CUDA_ERROR_HARDWARE_STACK_ERROR,
                    CUresult.CUDA_ERROR_ILLEGAL_INSTRUCTION,
                    CUresult.CUDA_ERROR_MISALIGNED_ADDRESS,
                    CUresult.CUDA_ERROR_INVALID_ADDRESS_SPACE,
                    CUresult.CUDA_ERROR_INVALID_PC,
                    CUresult.CUDA_ERROR_LAUNCH_FAILED,
                    CUresult.CUDA_ERROR_MPS_CLIENT_TERMINATED ->
                    "the device is lost to this process (" + CUresult.stringFor(result) + ")";
            default -> name(result);
        };
    }

    private static String name(int result) {
        String[] text = new String[1];
        int known = JCudaDriver.cuGetErrorName(result, text);
        String name =
                known == CUresult.CUDA_SUCCESS && text[0] != null
                        ? text[0]
                        : String.format(Locale.ROOT, "error %d", result);
        int described = JCudaDriver.cuGetErrorString(result, text);
        return described == CUresult.CUDA_SUCCESS && text[0] != null ? name + ", " + text[0] : name;
    }
}
