package io.sparktts.harness;

import io.sparktts.backend.Backends;
import io.sparktts.backend.DType;
import io.sparktts.harness.bench.JmhRun;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

import tools.jackson.databind.json.JsonMapper;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** What runs in a backend's own process; the other commands start it. */
@Command(name = "worker", hidden = true, description = "Runs inside the process of a backend.")
public final class WorkerCommand {
    @Command(name = "probe", description = "Writes a probe's answer.")
    int probe(@Parameters String backend, @Parameters Path result) throws IOException {
        String json =
                JsonMapper.shared().writeValueAsString(ProbeReport.of(Backends.named(backend)));
        // In one step, so that a reader never sees half of it.
        Path part = Path.of(result + ".part");
        Files.writeString(part, json);
        Files.move(part, result);
        return UserError.OK;
    }

    @Command(name = "verify", description = "Runs contract cases and golden checks.")
    int verify(
            @Parameters String backend,
            @Parameters String device,
            @Parameters Path events,
            @Option(names = "--from", defaultValue = "0") int from,
            @Option(names = "--dtype") @Nullable List<DType> dtypes,
            @Option(names = "--no-golden") boolean noGolden,
            @Option(names = "--golden") @Nullable Path golden,
            @Option(names = "--most-operations") long mostOperations) {
        VerifyWorker.Choice choice =
                new VerifyWorker.Choice(
                        dtypes == null ? List.of() : dtypes, !noGolden, golden, mostOperations);
        VerifyWorker.run(backend, device, choice, from, events);
        return UserError.OK;
    }

    @Command(name = "bench", description = "Runs one JMH run of a plan.")
    int bench(@Parameters Path plan) {
        JmhRun.run(plan);
        return UserError.OK;
    }
}
