package io.sparktts.backend;

import java.util.List;

/**
 * Whether a backend can run here.
 *
 * @param devices its devices; empty when it cannot run
 * @param missing what is missing, in one line; empty when it can run
 * @param remedy what the user does about it; empty when it can run
 */
public record Probe(List<DeviceInfo> devices, String missing, String remedy) {
    public Probe {
        devices = List.copyOf(devices);
        if (devices.isEmpty() == missing.isEmpty()) {
            throw new IllegalArgumentException("a probe names either devices or what is missing");
        }
    }

    /** It runs on these. */
    public static Probe available(List<DeviceInfo> devices) {
        return new Probe(devices, "", "");
    }

    /** It cannot run. */
    public static Probe unavailable(String missing, String remedy) {
        return new Probe(List.of(), missing, remedy);
    }

    /** Whether the backend can run. */
    public boolean available() {
        return !devices.isEmpty();
    }
}
