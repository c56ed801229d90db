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
    void probeNamesWhatIsMissingAndARemedy() {
        Probe without = JCudaBackend.probe(false);
        assertFalse(without.available());
        assertTrue(without.missing().startsWith("no NVIDIA driver"), without.missing());
        assertTrue(without.remedy().contains("install an NVIDIA driver"), without.remedy());
        Probe with = JCudaBackend.probe(true);
        assertFalse(with.available());
        assertTrue(with.missing().contains("this build holds no CUDA kernels"), with.missing());
    }

    @Test
    void openSaysTheSameAsProbe() {
        Probe probe = new JCudaBackend().probe();
        BackendException e =
                assertThrows(BackendException.class, () -> new JCudaBackend().open("0"));
        assertEquals(probe.missing() + "; " + probe.remedy(), e.getMessage());
    }
}
