package io.sparktts.vector;

import io.sparktts.backend.Backend;
import io.sparktts.backend.BackendException;
import io.sparktts.backend.Device;
import io.sparktts.backend.DeviceInfo;
import io.sparktts.backend.Launch;
import io.sparktts.backend.Probe;
import io.sparktts.host.HostInfo;

import java.util.List;

/** SIMD kernels in pure Java on all cores: the default where no GPU is found. */
public final class VectorBackend implements Backend {
    private static final String ADD_MODULE = "--add-modules=jdk.incubator.vector";

    @Override
    public String name() {
        return "vector";
    }

    @Override
    public int priority() {
        return 10;
    }

    @Override
    public Launch launch() {
        // One collector thread and a small heap: weights and caches are off-heap, and the cores are
        // busy.
        return Launch.jvm(
                ADD_MODULE, "--enable-native-access=ALL-UNNAMED", "-XX:+UseSerialGC", "-Xms64m");
    }

    @Override
    public Probe probe() {
        if (ModuleLayer.boot().findModule("jdk.incubator.vector").isEmpty()) {
            return Probe.unavailable(
                    "the Vector API is not in this JVM", "start java with " + ADD_MODULE);
        }
        return Probe.available(List.of(device()));
    }

    private static DeviceInfo device() {
        int threads = Runtime.getRuntime().availableProcessors();
        return new DeviceInfo(
                "cpu",
                HostInfo.cpuModel(),
                HostInfo.memoryBytes(),
                HostInfo.lastLevelCacheBytes(),
                threads + " threads, " + Lanes.F.vectorBitSize() + "-bit vectors");
    }

    @Override
    public Device open(String deviceId) {
        Probe probe = probe();
        if (!probe.available()) {
            throw new BackendException(probe.missing() + "; " + probe.remedy());
        }
        if (!deviceId.equals("cpu")) {
            throw new BackendException("vector has no device '" + deviceId + "'; valid: cpu");
        }
        return new VectorDevice(device());
    }
}
