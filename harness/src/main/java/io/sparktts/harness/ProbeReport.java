package io.sparktts.harness;

import io.sparktts.backend.Backend;
import io.sparktts.backend.BackendException;
import io.sparktts.backend.Device;
import io.sparktts.backend.DeviceInfo;
import io.sparktts.backend.Op;
import io.sparktts.backend.Probe;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a probe in a backend's own process found.
 *
 * @param backend name
 * @param devices what it can use; empty if it cannot run
 * @param missing what is missing, in one line
 * @param remedy what the user does about it
 * @param variants by operation, the default first, as the first device lists them
 * @param asynchronous whether its devices run beside the host
 * @param version of the backend's code, or of the device's driver where it names one
 */
public record ProbeReport(
        String backend,
        List<DeviceInfo> devices,
        String missing,
        String remedy,
        Map<String, List<String>> variants,
        boolean asynchronous,
        String version) {
    public ProbeReport {
        devices = List.copyOf(devices);
        variants = Map.copyOf(variants);
    }

    /** Probes, in this process. */
    static ProbeReport of(Backend backend) {
        Probe probe = backend.probe();
        if (!probe.available()) {
            return unavailable(backend.name(), probe.missing(), probe.remedy());
        }
        Map<String, List<String>> variants = new LinkedHashMap<>();
        boolean asynchronous;
        try (Device device = backend.open(probe.devices().getFirst().id())) {
            for (Op op : Op.values()) {
                variants.put(op.id(), device.variants(op));
            }
            asynchronous = device.asynchronous();
        } catch (BackendException e) {
            return unavailable(backend.name(), String.valueOf(e.getMessage()), "");
        }
        String version = backend.getClass().getPackage().getImplementationVersion();
        String detail = probe.devices().getFirst().detail();
        return new ProbeReport(
                backend.name(),
                probe.devices(),
                "",
                "",
                variants,
                asynchronous,
                version == null ? detail : version + ", " + detail);
    }

    static ProbeReport unavailable(String backend, String missing, String remedy) {
        return new ProbeReport(backend, List.of(), missing, remedy, Map.of(), false, "");
    }

    /** Whether the backend can run. */
    public boolean available() {
        return !devices.isEmpty();
    }

    /** Variants of an operation, the default first. */
    public List<String> variants(Op op) {
        return variants.getOrDefault(op.id(), List.of());
    }

    /** Why it cannot run and what to do, in one line. */
    public String whyNot() {
        return missing + (remedy.isEmpty() ? "" : "; to use it: " + remedy);
    }
}
