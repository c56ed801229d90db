package io.sparktts.harness;

import io.sparktts.backend.Backend;
import io.sparktts.backend.Backends;

import org.jspecify.annotations.Nullable;

import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** Asks backends, each in a process of its own, whether they can run here. */
public final class Probing {
    private static final Duration LIMIT = Duration.ofSeconds(60);

    private Probing() {}

    /**
     * The backends that a comma-separated list names, or all.
     *
     * @throws UserError for an unknown name, naming the valid ones
     */
    static List<Backend> named(List<String> names) {
        List<Backend> all = Backends.all();
        if (names.isEmpty()) {
            return all;
        }
        List<Backend> chosen = new ArrayList<>();
        for (String name : names) {
            chosen.add(
                    all.stream()
                            .filter(b -> b.name().equals(name))
                            .findFirst()
                            .orElseThrow(() -> unknown(name, all)));
        }
        return chosen.stream().distinct().toList();
    }

    private static UserError unknown(String name, List<Backend> all) {
        String valid = all.stream().map(Backend::name).collect(Collectors.joining(", "));
        return UserError.usage("unknown backend '" + name + "'; valid: " + valid);
    }

    /** Probes all at once; one that crashes or hangs is reported as such. */
    static Map<Backend, ProbeReport> probe(List<Backend> backends) {
        Map<Backend, BackendProcess> running = new LinkedHashMap<>();
        Map<Backend, ProbeReport> reports = new LinkedHashMap<>();
        try {
            Path folder = Files.createTempDirectory("sparktts-probe");
            try {
                for (Backend b : backends) {
                    List<String> arguments =
                            List.of(
                                    "probe",
                                    b.name(),
                                    folder.resolve(b.name() + ".json").toString());
                    running.put(
                            b,
                            BackendProcess.start(b, folder.resolve(b.name() + ".log"), arguments));
                }
                running.forEach(
                        (b, p) -> reports.put(b, await(b, p, folder.resolve(b.name() + ".json"))));
            } finally {
                running.values().forEach(BackendProcess::close);
                delete(folder);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(
                    "cannot write to the temporary folder: " + e.getMessage(), e);
        }
        return reports;
    }

    private static ProbeReport await(Backend backend, BackendProcess process, Path result) {
        if (!process.waitFor(LIMIT)) {
            process.end();
            return ProbeReport.unavailable(
                    backend.name(),
                    "its probe did not answer within " + LIMIT.toSeconds() + " s",
                    "");
        }
        if (!Files.exists(result)) {
            return ProbeReport.unavailable(
                    backend.name(), "its probe crashed: " + process.obituary(), "");
        }
        try {
            return JsonMapper.shared().readValue(Files.readString(result), ProbeReport.class);
        } catch (IOException | JacksonException e) {
            return ProbeReport.unavailable(
                    backend.name(), "its probe's answer is unreadable: " + e.getMessage(), "");
        }
    }

    private static void delete(Path folder) throws IOException {
        try (var files = Files.list(folder)) {
            for (Path f : files.toList()) {
                Files.deleteIfExists(f);
            }
        }
        Files.deleteIfExists(folder);
    }

    /**
     * Keeps those that can run.
     *
     * @param mustRun names of those that the user asked for
     * @throws UserError if one of these cannot run, with its remedy
     */
    static Map<Backend, ProbeReport> available(
            Map<Backend, ProbeReport> reports, List<String> mustRun) {
        Map<Backend, ProbeReport> kept = new LinkedHashMap<>();
        reports.forEach(
                (backend, report) -> {
                    if (report.available()) {
                        kept.put(backend, report);
                    } else if (mustRun.contains(backend.name())) {
                        throw UserError.unavailable(
                                backend.name() + " cannot run: " + report.whyNot());
                    }
                });
        return kept;
    }

    /**
     * The one backend to use.
     *
     * @param name that the user asked for; null for the preferred one that can run
     * @throws UserError if it cannot run, or none can
     */
    public static Backend preferred(@Nullable String name) {
        List<String> names = name == null ? List.of() : List.of(name);
        Map<Backend, ProbeReport> runnable = available(probe(named(names)), names);
        return runnable.keySet().stream()
                .findFirst()
                .orElseThrow(
                        () ->
                                UserError.unavailable(
                                        "no backend can run here; see sparktts backends"));
    }
}
