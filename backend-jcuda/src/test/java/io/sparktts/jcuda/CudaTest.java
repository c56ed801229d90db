package io.sparktts.jcuda;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sparktts.backend.BackendException;

import jcuda.driver.CUresult;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Needs neither a driver nor a GPU. */
class CudaTest {
    @Test
    void successIsSilent() {
        assertDoesNotThrow(() -> Cuda.check(CUresult.CUDA_SUCCESS, "do it"));
    }

    @Test
    void anErrorSaysWhatWasTriedInOneLine() {
        BackendException e =
                assertThrows(
                        BackendException.class,
                        () -> Cuda.check(CUresult.CUDA_ERROR_ILLEGAL_ADDRESS, "launch a kernel"));
        assertEquals(
                "cannot launch a kernel: a kernel read or wrote outside its memory; the device is"
                        + " lost to this process",
                e.getMessage());
    }

    @ParameterizedTest
    @ValueSource(
            ints = {
                CUresult.CUDA_ERROR_ECC_UNCORRECTABLE,
                CUresult.CUDA_ERROR_ILLEGAL_ADDRESS,
                CUresult.CUDA_ERROR_LAUNCH_TIMEOUT,
                CUresult.CUDA_ERROR_ASSERT,
                CUresult.CUDA_ERROR_ILLEGAL_INSTRUCTION,
                CUresult.CUDA_ERROR_MISALIGNED_ADDRESS,
                CUresult.CUDA_ERROR_LAUNCH_FAILED
            })
    void errorsThatStaySayThatTheDeviceIsLost(int result) {
        String text = Cuda.describe(result);
        assertTrue(text.contains("the device is lost to this process"), text);
    }

    @ParameterizedTest
    @CsvSource({
        CUresult.CUDA_ERROR_OUT_OF_MEMORY + ",out of GPU memory",
        CUresult.CUDA_ERROR_DEVICE_UNAVAILABLE + ",another process holds the GPU",
        CUresult.CUDA_ERROR_NO_BINARY_FOR_GPU + ",not built for this GPU's architecture",
        CUresult.CUDA_ERROR_UNSUPPORTED_PTX_VERSION + ",the driver is older",
        CUresult.CUDA_ERROR_INVALID_IMAGE + ",the driver is older",
    })
    void whatTheUserCanMendIsNamed(int result, String part) {
        String text = Cuda.describe(result);
        assertTrue(text.contains(part), text);
        assertEquals(1, text.lines().count());
    }

    @Test
    void cublasLtNamesItsStatus() {
        assertTrue(CublasLt.describe(3).startsWith("out of memory"));
        assertEquals("status 7", CublasLt.describe(7));
    }
}
