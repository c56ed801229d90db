package io.sparktts.tornado;

import io.sparktts.backend.Backend;
import io.sparktts.backend.BackendException;
import io.sparktts.backend.Device;
import io.sparktts.backend.Launch;
import io.sparktts.backend.Probe;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Kernels in Java for the devices of TornadoVM, whose SDK {@code TORNADOVM_HOME} names. */
public final class TornadoBackend implements Backend {
    /**
     * A kernel that cannot be compiled must fail, not run as sequential Java; memory is limited by
     * the device and not by TornadoVM's default of 1 GB; whatever a kernel calls is inlined,
     * however large; infinities count, so no finite-math-only. Each run of a plan clears a list of
     * events per dependency, of 32768 by default, and a recording is longer than the default limit
     * of bytecodes.
     */
    private static final List<String> FLAGS =
            List.of(
                    "-Dtornado.recover.bailout=False",
                    "-Dtornado.device.memory=128GB",
                    "-Dtornado.compiler.fullInlining=True",
                    "-Dtornado.max.events=64",
                    "-Dtornado.tvm.maxbytecodesize=4194304",
                    "-Dtornado.opencl.compiler.flags=-cl-mad-enable -cl-unsafe-math-optimizations -w");

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
        return launch(System.getenv(Sdk.HOME));
    }

    /**
     * Without a usable SDK the process starts all the same, to say in its probe what is missing.
     */
    static Launch launch(@Nullable String home) {
        Sdk sdk = Sdk.find(home);
        if (!sdk.usable()) {
            return Launch.jvm();
        }
        List<String> arguments = new ArrayList<>();
        arguments.add("@" + sdk.arguments());
        arguments.addAll(FLAGS);
        // CompiledCode looks into the cache of each backend.
        for (String backend : sdk.backends()) {
            String module = "tornado.drivers." + backend;
            arguments.add("--add-opens=%s/uk.ac.manchester.%1$s=ALL-UNNAMED".formatted(module));
        }
        return new Launch(arguments, Map.of(), List.of());
    }

    @Override
    public Probe probe() {
        return probe(System.getenv(Sdk.HOME));
    }

    static Probe probe(@Nullable String home) {
        Sdk sdk = Sdk.find(home);
        if (!sdk.usable()) {
            return Probe.unavailable(sdk.missing(), sdk.remedy());
        }
        if (System.getProperty("tornado.load.runtime.implementation") == null) {
            return Probe.unavailable(
                    "this JVM was not started with TornadoVM's arguments",
                    "start it with @" + sdk.arguments());
        }
        return TornadoDevices.probe();
    }

    @Override
    public Device open(String deviceId) {
        Probe probe = probe();
        if (!probe.available()) {
            throw new BackendException(probe.missing() + "; " + probe.remedy());
        }
        return TornadoDevices.open(deviceId);
    }
}
