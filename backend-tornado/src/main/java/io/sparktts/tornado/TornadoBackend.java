package io.sparktts.tornado;

import io.sparktts.backend.Backend;
import io.sparktts.backend.BackendException;
import io.sparktts.backend.Device;
import io.sparktts.backend.Launch;
import io.sparktts.backend.Probe;

import org.jspecify.annotations.Nullable;

import java.nio.file.Files;
import java.nio.file.Path;

/** Kernels in Java for the devices of TornadoVM. This build holds no kernels yet, and says so. */
public final class TornadoBackend implements Backend {
    private static final String HOME = "TORNADOVM_HOME";
    private static final String NO_KERNELS = "this build holds no TornadoVM kernels";
    private static final String REMEDY =
            "use --backend vector until a release of this backend holds its kernels";

    @Override
    public String name() {
        return "tornado";
    }

    @Override
    public int priority() {
        return 20;
    }

    @Override
    public Launch launch() {
        return Launch.jvm();
    }

    @Override
    public Probe probe() {
        return probe(System.getenv(HOME));
    }

    static Probe probe(@Nullable String home) {
        String install = "install TornadoVM (sdk install tornadovm) and set " + HOME + "; then ";
        if (home == null || home.isBlank()) {
            return Probe.unavailable(HOME + " is not set, and " + NO_KERNELS, install + REMEDY);
        }
        if (!Files.isDirectory(Path.of(home))) {
            return Probe.unavailable(
                    HOME + " is " + home + ", which is no folder, and " + NO_KERNELS,
                    install + REMEDY);
        }
        return Probe.unavailable("TornadoVM is in " + home + ", but " + NO_KERNELS, REMEDY);
    }

    @Override
    public Device open(String deviceId) {
        Probe probe = probe();
        throw new BackendException(probe.missing() + "; " + probe.remedy());
    }
}
