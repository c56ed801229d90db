package io.sparktts.tornado;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sparktts.backend.BackendException;
import io.sparktts.backend.Backends;
import io.sparktts.backend.Probe;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;

class TornadoBackendTest {
    @Test
    void isFoundByItsName() {
        assertEquals("tornado", Backends.named("tornado").name());
    }

    @Test
    void probeNamesWhatIsMissingAndARemedy(@TempDir Path home) {
        Probe unset = TornadoBackend.probe(null);
        assertFalse(unset.available());
        assertTrue(unset.missing().startsWith("TORNADOVM_HOME is not set"), unset.missing());
        assertTrue(unset.remedy().contains("sdk install tornadovm"), unset.remedy());
        Probe absent = TornadoBackend.probe(home.resolve("absent").toString());
        assertTrue(absent.missing().contains("which is no folder"), absent.missing());
        Probe installed = TornadoBackend.probe(home.toString());
        assertTrue(
                installed.missing().contains("this build holds no TornadoVM kernels"),
                installed.missing());
    }

    @Test
    void openSaysTheSameAsProbe() {
        Probe probe = new TornadoBackend().probe();
        BackendException e =
                assertThrows(BackendException.class, () -> new TornadoBackend().open("0"));
        assertEquals(probe.missing() + "; " + probe.remedy(), e.getMessage());
    }
}
