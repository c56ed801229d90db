package io.sparktts.tornado;

import io.sparktts.backend.BackendException;
import io.sparktts.backend.Device;
import io.sparktts.backend.DeviceInfo;
import io.sparktts.backend.Probe;
import io.sparktts.backend.Support;

import uk.ac.manchester.tornado.api.TornadoBackend;
import uk.ac.manchester.tornado.api.TornadoRuntime;
import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.api.enums.TornadoDeviceType;
import uk.ac.manchester.tornado.api.enums.TornadoVMBackendType;
import uk.ac.manchester.tornado.api.runtime.TornadoRuntimeProvider;

import java.io.IOException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The devices that TornadoVM sees; loads its classes. */
final class TornadoDevices {
    private static final Path CACHES = Path.of("/sys/devices/system/cpu/cpu0/cache");

    private TornadoDevices() {}

    private record Found(DeviceInfo info, TornadoDevice device) {}

    static Probe probe() {
        try {
            List<Found> all = all();
            return all.isEmpty()
                    ? Probe.unavailable(
                            "TornadoVM finds no device",
                            "install a driver for its backend, such as pocl-opencl-icd for the"
                                    + " processor")
                    : Probe.available(all.stream().map(Found::info).toList());
        } catch (RuntimeException | LinkageError e) {
            Throwable cause = e;
            while (cause.getCause() != null) {
                cause = cause.getCause();
            }
            return Probe.unavailable(
                    "TornadoVM cannot start: "
                            + cause.getClass().getSimpleName()
                            + " "
                            + String.valueOf(cause.getMessage()).lines().findFirst().orElse(""),
                    "check the driver and the native libraries of its SDK; one backend per SDK");
        }
    }

    static Device open(String id) {
        for (Found f : all()) {
            if (f.info.id().equals(id)) {
                Optional<SdkFeatures> features = SdkFeatures.find();
                return new io.sparktts.tornado.TornadoDevice(
                        f.info, traits(f.device, features), new PlanExecutor(f.device, features));
            }
        }
        throw new BackendException(
                "TornadoVM has no device '"
                        + id
                        + "'; valid: "
                        + String.join(", ", all().stream().map(f -> f.info.id()).toList()));
    }

    private static List<Found> all() {
        TornadoRuntime runtime = TornadoRuntimeProvider.getTornadoRuntime();
        List<Found> found = new ArrayList<>();
        for (int b = 0; b < runtime.getNumBackends(); b++) {
            TornadoBackend backend = runtime.getBackend(b);
            for (int d = 0; d < backend.getNumDevices(); d++) {
                TornadoDevice device = backend.getDevice(d);
                found.add(new Found(info("tornado:" + b + ":" + d, device), device));
            }
        }
        return found;
    }

    private static DeviceInfo info(String id, TornadoDevice device) {
        boolean processor = device.getDeviceType() == TornadoDeviceType.CPU;
        String detail =
                device.getTornadoVMBackend()
                        + ", "
                        + device.getPlatformName()
                        + ", "
                        + device.getPhysicalDevice().getDeviceMaxComputeUnits()
                        + " compute units, "
                        + (half(device).supported() ? "fp16" : "no fp16");
        return new DeviceInfo(
                id,
                device.getPhysicalDevice().getDeviceName().strip(),
                device.getMaxGlobalMemory(),
                processor ? lastLevelCache() : 0,
                detail);
    }

    /** Whether it is the CUDA backend's, which has graphs, libraries and bfloat16. */
    static boolean isCuda(TornadoDevice device) {
        return device.getTornadoVMBackend().name().equals("CUDA");
    }

    private static io.sparktts.tornado.TornadoDevice.Traits traits(
            TornadoDevice device, Optional<SdkFeatures> features) {
        Optional<SdkFeatures> cuda = isCuda(device) ? features : Optional.empty();
        return new io.sparktts.tornado.TornadoDevice.Traits(
                device.getDeviceType() == TornadoDeviceType.CPU,
                half(device),
                bfloat16(device, features),
                cuda.map(SdkFeatures::hasCublas).orElse(false),
                cuda.map(SdkFeatures::hasCudnn).orElse(false),
                cuda.map(SdkFeatures::halfQuads).orElse(Launcher.F16.quad()));
    }

    private static Support bfloat16(TornadoDevice device, Optional<SdkFeatures> features) {
        if (!isCuda(device)) {
            return Support.no("TornadoVM has bf16 on its CUDA backend alone; use f32 or f16");
        }
        return features.isPresent()
                ? Support.YES
                : Support.no("this build has no bf16 kernels; build again with TORNADOVM_HOME set");
    }

    /** CUDA devices have float16; those of OpenCL say so in their extensions. */
    private static Support half(TornadoDevice device) {
        if (device.getTornadoVMBackend() != TornadoVMBackendType.OPENCL) {
            return Support.YES;
        }
        try {
            Object target = device.getPhysicalDevice();
            Method extensions = target.getClass().getMethod("getDeviceExtensions");
            extensions.setAccessible(true);
            boolean has = String.valueOf(extensions.invoke(target)).contains("cl_khr_fp16");
            return has
                    ? Support.YES
                    : Support.no("the device has no fp16 (OpenCL's cl_khr_fp16); use f32");
        } catch (ReflectiveOperationException | RuntimeException e) {
            return Support.no("the device does not say whether it has fp16; use f32");
        }
    }

    /** Size of the processor's largest cache; 0 if unknown. */
    private static long lastLevelCache() {
        long largest = 0;
        for (int i = 0; i < 5; i++) {
            Path size = CACHES.resolve("index" + i).resolve("size");
            try {
                if (Files.isReadable(size)) {
                    String text = Files.readString(size).strip();
                    long unit = text.endsWith("K") ? 1 << 10 : text.endsWith("M") ? 1 << 20 : 1;
                    largest = Math.max(largest, unit * Long.parseLong(text.replaceAll("\\D", "")));
                }
            } catch (IOException | NumberFormatException e) {
                return 0;
            }
        }
        return largest;
    }
}
