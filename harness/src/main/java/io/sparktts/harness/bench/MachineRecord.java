package io.sparktts.harness.bench;

import io.sparktts.harness.ProbeReport;
import io.sparktts.reports.schema.Environment;

import org.jspecify.annotations.Nullable;

import java.io.File;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.LongSummaryStatistics;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Gathers what a result needs to be understood on another machine. What a system does not tell is
 * left out.
 */
public final class MachineRecord {
    private static final Path CPU_INFO = Path.of("/proc/cpuinfo");

    private MachineRecord() {}

    /** The record at the start of a run. */
    public static Environment of(
            Collection<ProbeReport> reports,
            List<String> jvmArguments,
            List<String> commandLine,
            List<String> notes) {
        Map<String, String> versions = new LinkedHashMap<>();
        long cache = 0;
        Set<String> gpus = new LinkedHashSet<>();
        for (ProbeReport r : reports) {
            versions.put(r.backend(), r.version());
            for (var d : r.devices()) {
                cache = Math.max(cache, d.lastLevelCacheBytes());
                if (r.asynchronous()) {
                    gpus.add(d.name());
                }
            }
        }
        Optional<String> revision = git("rev-parse", "--short=12", "HEAD");
        boolean dirty =
                git("status", "--porcelain", "--untracked-files=no")
                        .map(s -> !s.isEmpty())
                        .orElse(false);
        Map<String, String> nvidia = gpus.isEmpty() ? Map.of() : nvidia();
        return Environment.builder("sparktts")
                .date(Instant.now().truncatedTo(ChronoUnit.SECONDS).toString())
                .host(
                        property("os.name")
                                + " "
                                + property("os.version")
                                + " "
                                + property("os.arch"))
                .cpuModel(cpuModel())
                .cores(Runtime.getRuntime().availableProcessors())
                .memoryBytes(memoryBytes())
                .lastLevelCacheBytes(cache)
                .jvm(
                        property("java.vendor")
                                + " "
                                + property("java.vm.name")
                                + " "
                                + Runtime.version())
                .jvmArguments(jvmArguments)
                .backendVersions(versions)
                .gpu(gpus.isEmpty() ? null : String.join(", ", gpus))
                .driver(nvidia.get("driver version"))
                .cuda(nvidia.get("cuda version"))
                .gitRevision(revision.orElse(null))
                .gitDirty(dirty)
                .clocksBefore(clocks())
                .commandLine(commandLine)
                .notes(notes)
                .seeds(Map.of("model", Models.SEED))
                .build();
    }

    private static String property(String name) {
        return System.getProperty(name, "unknown");
    }

    private static long memoryBytes() {
        return ManagementFactory.getOperatingSystemMXBean()
                        instanceof com.sun.management.OperatingSystemMXBean os
                ? os.getTotalMemorySize()
                : 0;
    }

    private static String cpuModel() {
        return cpuInfo("model name")
                .findFirst()
                .or(() -> output(List.of("sysctl", "-n", "machdep.cpu.brand_string"), null))
                .orElse(property("os.arch"));
    }

    /** The cores' clocks, as the system reports them now; null if it does not. */
    static @Nullable String clocks() {
        LongSummaryStatistics clocks =
                cpuInfo("cpu MHz")
                        .filter(c -> c.matches("\\d+(\\.\\d+)?"))
                        .mapToLong(c -> Math.round(Double.parseDouble(c)))
                        .summaryStatistics();
        if (clocks.getCount() == 0) {
            return null;
        }
        return clocks.getMin() == clocks.getMax()
                ? clocks.getMin() + " MHz"
                : clocks.getMin() + " to " + clocks.getMax() + " MHz";
    }

    private static Stream<String> cpuInfo(String field) {
        if (!Files.isReadable(CPU_INFO)) {
            return Stream.empty();
        }
        try {
            return Files.readAllLines(CPU_INFO).stream()
                    .filter(l -> l.startsWith(field))
                    .map(l -> l.substring(l.indexOf(':') + 1).strip());
        } catch (IOException e) {
            return Stream.empty();
        }
    }

    /** What NVIDIA's driver says of its versions, by names in lower case. */
    private static Map<String, String> nvidia() {
        return versions(output(List.of("nvidia-smi", "--version"), null).orElse(""));
    }

    /** Lines of the form {@code Name : value}. */
    static Map<String, String> versions(String text) {
        return text.lines()
                .map(line -> line.split(":", 2))
                .filter(parts -> parts.length == 2)
                .collect(
                        Collectors.toMap(
                                parts -> parts[0].strip().toLowerCase(Locale.ROOT),
                                parts -> parts[1].strip(),
                                (first, again) -> first));
    }

    /** Asks git about the source tree that this program was built in. */
    private static Optional<String> git(String... arguments) {
        try {
            Path code =
                    Path.of(
                            MachineRecord.class
                                    .getProtectionDomain()
                                    .getCodeSource()
                                    .getLocation()
                                    .toURI());
            Path folder = Files.isDirectory(code) ? code : code.getParent();
            return output(Stream.concat(Stream.of("git"), Stream.of(arguments)).toList(), folder);
        } catch (URISyntaxException e) {
            return Optional.empty();
        }
    }

    /** What a command prints; empty if it is missing, fails or hangs. */
    private static Optional<String> output(List<String> command, @Nullable Path folder) {
        try {
            ProcessBuilder builder = new ProcessBuilder(command);
            builder.redirectError(ProcessBuilder.Redirect.DISCARD);
            if (folder != null) {
                builder.directory(new File(folder.toString()));
            }
            Process process = builder.start();
            String text =
                    new String(
                            process.getInputStream().readAllBytes(),
                            java.nio.charset.StandardCharsets.UTF_8);
            if (!process.waitFor(10, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                return Optional.empty();
            }
            return process.exitValue() == 0 ? Optional.of(text.strip()) : Optional.empty();
        } catch (IOException e) {
            return Optional.empty();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.empty();
        }
    }
}
