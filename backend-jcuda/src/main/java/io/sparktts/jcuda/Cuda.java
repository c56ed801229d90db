package io.sparktts.jcuda;

import io.sparktts.backend.BackendException;

import jcuda.driver.CUresult;
import jcuda.driver.JCudaDriver;

import java.util.Locale;

/** Error checking of driver calls. */
final class Cuda {
    private Cuda() {}

    /**
     * Throws on any result but success.
     *
     * @param what what was tried, as it reads after "cannot"
     */
    static void check(int result, String what) {
        if (result != CUresult.CUDA_SUCCESS) {
            throw new BackendException("cannot " + what + ": " + describe(result));
        }
    }

    /** One line: what the error means for the user, and its name. */
    static String describe(int result) {
        return switch (result) {
            case CUresult.CUDA_ERROR_OUT_OF_MEMORY -> "out of GPU memory";
            case CUresult.CUDA_ERROR_DEVICE_UNAVAILABLE ->
                    "the GPU is in exclusive mode and another process holds it";
            case CUresult.CUDA_ERROR_NO_BINARY_FOR_GPU ->
                    "the kernels were not built for this GPU's architecture";
            case CUresult.CUDA_ERROR_UNSUPPORTED_PTX_VERSION ->
                    "the driver is older than the CUDA toolkit that built the kernels; update it";
            case CUresult.CUDA_ERROR_ILLEGAL_ADDRESS ->
                    "a kernel read or wrote outside its memory; the device is lost to this process";
            case CUresult.CUDA_ERROR_LAUNCH_FAILED,
                    CUresult.CUDA_ERROR_HARDWARE_STACK_ERROR,
                    CUresult.CUDA_ERROR_ECC_UNCORRECTABLE ->
                    "the device is lost to this process (" + name(result) + ")";
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
