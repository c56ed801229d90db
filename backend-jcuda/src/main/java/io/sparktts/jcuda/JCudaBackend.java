package io.sparktts.jcuda;

import io.sparktts.backend.Backend;
import io.sparktts.backend.BackendException;
import io.sparktts.backend.Device;
import io.sparktts.backend.DeviceInfo;
import io.sparktts.backend.Launch;
import io.sparktts.backend.Probe;

import jcuda.driver.CUdevice;
import jcuda.driver.CUdevice_attribute;
import jcuda.driver.CUresult;
import jcuda.driver.JCudaDriver;

import java.lang.foreign.Arena;
import java.lang.foreign.SymbolLookup;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** CUDA kernels on NVIDIA GPUs. */
public final class JCudaBackend implements Backend {
    /** How to get the kernels into the build. */
    static final String BUILD =
            "install a CUDA 12 or 13 toolkit (nvcc on the PATH) and build again with ./mvnw package";

    private static final int OLDEST_DRIVER = 12_000;
    private static final int OLDEST_CAPABILITY = 80;

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
        return Launch.jvm("--enable-native-access=ALL-UNNAMED", "-XX:+UseSerialGC", "-Xms64m");
    }

    @Override
    public Probe probe() {
        boolean built = JCudaBackend.class.getResource("RmsNorm.fatbin") != null;
        if (!driverFound()) {
            return noDriver(built);
        }
        if (!built) {
            return noKernels();
        }
        try {
            return devices();
        } catch (LinkageError e) {
            return Probe.unavailable(
                    "JCuda's native library does not load: " + e.getMessage(),
                    "use Linux on x86-64, and a temporary folder (-Djava.io.tmpdir) that allows"
                            + " executing");
        }
    }

    static Probe noDriver(boolean built) {
        return Probe.unavailable(
                "no NVIDIA driver (" + driverLibrary() + ") is found",
                "install an NVIDIA driver on a machine with an NVIDIA GPU"
                        + (built ? "" : "; the kernels are not built either: " + BUILD));
    }

    static Probe noKernels() {
        return Probe.unavailable(
                "an NVIDIA driver is installed, but this build holds no CUDA kernels", BUILD);
    }

    private static Probe devices() {
        JCudaDriver.setExceptionsEnabled(false);
        int result = JCudaDriver.cuInit(0);
        if (result == CUresult.CUDA_ERROR_NO_DEVICE) {
            return Probe.unavailable(
                    "an NVIDIA driver is installed, but no NVIDIA GPU is found",
                    "use a machine with an NVIDIA GPU, and look at CUDA_VISIBLE_DEVICES");
        }
        if (result != CUresult.CUDA_SUCCESS) {
            return Probe.unavailable(
                    "the NVIDIA driver does not start: " + Cuda.describe(result),
                    "run nvidia-smi and mend what it says");
        }
        int[] version = new int[1];
        Cuda.check(JCudaDriver.cuDriverGetVersion(version), "ask for the driver's version");
        if (version[0] < OLDEST_DRIVER) {
            return Probe.unavailable(
                    "the NVIDIA driver supports CUDA " + version(version[0]) + " at most",
                    "install a driver for CUDA 12 or later");
        }
        List<DeviceInfo> usable = new ArrayList<>();
        List<String> refused = new ArrayList<>();
        int[] count = new int[1];
        Cuda.check(JCudaDriver.cuDeviceGetCount(count), "count the GPUs");
        for (int i = 0; i < count[0]; i++) {
            CUdevice device = new CUdevice();
            Cuda.check(JCudaDriver.cuDeviceGet(device, i), "open GPU " + i);
            int capability = CudaContext.computeCapability(device);
            if (capability < OLDEST_CAPABILITY) {
                refused.add(name(device) + " has compute capability " + dotted(capability));
            } else {
                usable.add(info(i, device, capability, version[0]));
            }
        }
        return usable.isEmpty()
                ? Probe.unavailable(
                        String.join("; ", refused),
                        "use a GPU of compute capability 8.0 (Ampere) or later")
                : Probe.available(usable);
    }

    private static DeviceInfo info(int ordinal, CUdevice device, int capability, int driver) {
        long[] memory = new long[1];
        Cuda.check(JCudaDriver.cuDeviceTotalMem(memory, device), "ask for the GPU's memory");
        return new DeviceInfo(
                Integer.toString(ordinal),
                name(device),
                memory[0],
                CudaContext.attribute(device, CUdevice_attribute.CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE),
                "compute capability "
                        + dotted(capability)
                        + ", "
                        + CudaContext.attribute(
                                device, CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT)
                        + " multiprocessors, driver for CUDA "
                        + version(driver));
    }

    private static String name(CUdevice device) {
        byte[] text = new byte[256];
        Cuda.check(
                JCudaDriver.cuDeviceGetName(text, text.length, device), "ask for the GPU's name");
        String name = new String(text, StandardCharsets.UTF_8);
        int end = name.indexOf(0);
        return end < 0 ? name : name.substring(0, end);
    }

    private static String dotted(int capability) {
        return String.format(Locale.ROOT, "%d.%d", capability / 10, capability % 10);
    }

    private static String version(int driver) {
        return String.format(Locale.ROOT, "%d.%d", driver / 1000, driver % 1000 / 10);
    }

    static String driverLibrary() {
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
        if (!probe.available()) {
            throw new BackendException(probe.missing() + "; " + probe.remedy());
        }
        DeviceInfo info =
                probe.devices().stream()
                        .filter(d -> d.id().equals(deviceId))
                        .findFirst()
                        .orElseThrow(
                                () ->
                                        new BackendException(
                                                "jcuda has no device '"
                                                        + deviceId
                                                        + "'; valid: "
                                                        + String.join(
                                                                ", ",
                                                                probe.devices().stream()
                                                                        .map(DeviceInfo::id)
                                                                        .toList())));
        return new CudaDevice(info, Integer.parseInt(deviceId));
    }
}
