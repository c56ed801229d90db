package io.sparktts.jcuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sparktts.backend.BackendException;
import io.sparktts.backend.Backends;
import io.sparktts.backend.Probe;

import org.junit.jupiter.api.Test;

class JCudaBackendTest {
    @Test
    void isFoundByItsName() {
        assertEquals("jcuda", Backends.named("jcuda").name());
    }

    @Test
    void aMissingDriverIsNamedWithARemedy() {
        Probe probe = JCudaBackend.noDriver(true);
        assertFalse(probe.available());
        assertTrue(probe.missing().startsWith("no NVIDIA driver"), probe.missing());
        assertTrue(probe.remedy().contains("install an NVIDIA driver"), probe.remedy());
        assertFalse(probe.remedy().contains("nvcc"), probe.remedy());
    }

    @Test
    void missingKernelsAreNamedWithTheWayToBuildThem() {
        assertTrue(JCudaBackend.noDriver(false).remedy().contains("nvcc"));
        Probe probe = JCudaBackend.noKernels();
        assertTrue(probe.missing().contains("this build holds no CUDA kernels"), probe.missing());
        assertTrue(probe.remedy().contains("nvcc"), probe.remedy());
    }

    @Test
    void anUnknownDeviceIsAClearError() {
        BackendException e =
                assertThrows(BackendException.class, () -> new JCudaBackend().open("none"));
        Probe probe = new JCudaBackend().probe();
        assertTrue(
                e.getMessage().contains(probe.available() ? "valid: 0" : probe.missing()),
                e.getMessage());
    }
}
