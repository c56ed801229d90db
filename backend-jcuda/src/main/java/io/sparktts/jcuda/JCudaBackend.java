package io.sparktts.jcuda;

import io.sparktts.backend.Backend;
import io.sparktts.backend.BackendException;
import io.sparktts.backend.Device;
import io.sparktts.backend.Launch;
import io.sparktts.backend.Probe;

import java.lang.foreign.Arena;
import java.lang.foreign.SymbolLookup;

/** CUDA kernels on NVIDIA GPUs. This build holds no kernels yet, and says so. */
public final class JCudaBackend implements Backend {
    private static final String REMEDY =
            "use --backend vector until a release of this backend holds its kernels";

    @Override
    public String name() {
        return "jcuda";
    }

    @Override
    public int priority() {
        return 30;
    }

    @Override
    public Launch launch() {
        return Launch.jvm("--enable-native-access=ALL-UNNAMED");
    }

    @Override
    public Probe probe() {
        return probe(driverFound());
    }

    static Probe probe(boolean driverFound) {
        return driverFound
                ? Probe.unavailable(
                        "an NVIDIA driver is installed, but this build holds no CUDA kernels",
                        REMEDY)
                : Probe.unavailable(
                        "no NVIDIA driver ("
                                + driverLibrary()
                                + ") is found, and this build holds no CUDA kernels",
                        "install an NVIDIA driver on a machine with an NVIDIA GPU; then " + REMEDY);
    }

    private static String driverLibrary() {
        return System.getProperty("os.name", "").startsWith("Windows")
                ? "nvcuda.dll"
                : "libcuda.so.1";
    }

    @SuppressWarnings("restricted")
    private static boolean driverFound() {
        try (Arena arena = Arena.ofConfined()) {
            return SymbolLookup.libraryLookup(driverLibrary(), arena).find("cuInit").isPresent();
        } catch (IllegalArgumentException e) {
            // That is how a library that the loader does not find is reported.
            return false;
        }
    }

    @Override
    public Device open(String deviceId) {
        Probe probe = probe();
        throw new BackendException(probe.missing() + "; " + probe.remedy());
    }
}
