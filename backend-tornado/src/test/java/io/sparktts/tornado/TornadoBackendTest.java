package io.sparktts.tornado;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sparktts.backend.Backends;
import io.sparktts.backend.Launch;
import io.sparktts.backend.Probe;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

class TornadoBackendTest {
    @Test
    void isFoundByItsName() {
        assertEquals("tornado", Backends.named("tornado").name());
    }

    private static void assertMissing(String missing, String remedy, Path home) {
        Probe probe = TornadoBackend.probe(home.toString());
        assertFalse(probe.available());
        assertTrue(probe.missing().contains(missing), probe.missing());
        assertTrue(probe.remedy().contains(remedy), probe.remedy());
        assertEquals(List.of(), TornadoBackend.launch(home.toString()).jvmArguments());
    }

    @Test
    void probeNamesWhatIsMissingAndARemedy(@TempDir Path home) throws IOException {
        Probe unset = TornadoBackend.probe(null);
        assertTrue(unset.missing().startsWith("TORNADOVM_HOME is not set"), unset.missing());
        assertTrue(
                unset.remedy().contains("sdk install tornadovm 5.2.0-jdk25-opencl"),
                unset.remedy());
        assertMissing("which is no folder", "sdk install", home.resolve("absent"));
        assertMissing("holds no TornadoVM SDK", "sdk install", home);
        Path jars = Files.createDirectories(home.resolve("share/java/tornado"));
        Path old = Files.createFile(jars.resolve("tornado-api-4.0.1-jdk25.jar"));
        assertMissing("is 4.0.1-jdk25, not 5.2.0-jdk25", "sdk install", home);
        Files.move(old, jars.resolve("tornado-api-5.2.0-jdk25.jar"));
        assertMissing("no native library", "reinstall", home);
        Files.createFile(
                Files.createDirectory(home.resolve("lib")).resolve("libtornado-opencl.so"));
        assertMissing("tornado-argfile is missing", "envsubst", home);
        Path arguments = home.resolve("tornado-argfile");
        Files.writeString(arguments, "--module-path .:/elsewhere/share/java/tornado\n");
        assertMissing("names another folder", "envsubst", home);
        Files.writeString(arguments, "--module-path .:" + jars + "\n");
        Files.createFile(jars.resolve("tornado-drivers-common-5.2.0-jdk25.jar"));
        Files.createFile(jars.resolve("tornado-drivers-opencl-5.2.0-jdk25.jar"));
        Launch launch = TornadoBackend.launch(home.toString());
        assertEquals(
                "--add-opens=tornado.drivers.opencl/uk.ac.manchester.tornado.drivers.opencl"
                        + "=ALL-UNNAMED",
                launch.jvmArguments().getLast());
        assertEquals("@" + arguments, launch.jvmArguments().getFirst());
        assertTrue(launch.jvmArguments().contains("-Dtornado.recover.bailout=False"));
    }
}
