package io.sparktts.reference;

import io.sparktts.backend.Backend;
import io.sparktts.backend.BackendException;
import io.sparktts.backend.Device;
import io.sparktts.backend.DeviceInfo;
import io.sparktts.backend.Launch;
import io.sparktts.backend.Probe;

import java.util.List;

/** Computes everything in float64 with the oracle; slow, and right. It alone offers F64 tensors. */
public final class ReferenceBackend implements Backend {
    private static final String CPU = "cpu";

    @Override
    public String name() {
        return "reference";
    }

    @Override
    public int priority() {
        return 0;
    }

    @Override
    public Launch launch() {
        return Launch.jvm("--enable-native-access=ALL-UNNAMED");
    }

    @Override
    public Probe probe() {
        return Probe.available(List.of(info()));
    }

    private static DeviceInfo info() {
        Runtime runtime = Runtime.getRuntime();
        String detail =
                runtime.availableProcessors() + " threads, float64, Java " + Runtime.version();
        return new DeviceInfo(CPU, System.getProperty("os.arch", "CPU"), 0, 0, detail);
    }

    @Override
    public Device open(String deviceId) {
        if (!deviceId.equals(CPU)) {
            throw new BackendException("reference has no device '" + deviceId + "'; valid: " + CPU);
        }
        return new ReferenceDevice(info());
    }
}
