package io.sparktts.harness;

import io.sparktts.backend.DeviceInfo;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;

/** Lists backends and their devices. */
@Command(
        name = "backends",
        mixinStandardHelpOptions = true,
        description = "Lists every backend with its devices, or with what it lacks.")
public final class BackendsCommand implements Callable<Integer> {
    @Spec private CommandSpec spec = CommandSpec.create();

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        Probing.probe(Probing.named(List.of()))
                .forEach(
                        (backend, report) -> {
                            if (report.available()) {
                                out.println(backend.name() + ": available");
                                report.devices().forEach(d -> out.println("  " + describe(d)));
                            } else {
                                out.println(
                                        backend.name() + ": not available: " + report.missing());
                                if (!report.remedy().isEmpty()) {
                                    out.println("  to use it: " + report.remedy());
                                }
                            }
                        });
        out.flush();
        return UserError.OK;
    }

    private static String describe(DeviceInfo d) {
        StringBuilder text = new StringBuilder(d.id() + ": " + d.name());
        if (d.memoryBytes() > 0) {
            text.append(
                    String.format(
                            Locale.ROOT,
                            ", %.1f GiB memory",
                            d.memoryBytes() / (double) (1L << 30)));
        }
        if (d.lastLevelCacheBytes() > 0) {
            text.append(", ").append(d.lastLevelCacheBytes() >> 20).append(" MiB last-level cache");
        }
        return d.detail().isEmpty()
                ? text.toString()
                : text.append(", ").append(d.detail()).toString();
    }
}
