package io.sparktts.reports.schema;

import org.jspecify.annotations.Nullable;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * The machine and the software that rows were measured on, and the limits measured there.
 *
 * @param id hash of what identifies the machine and software. Date, clocks, limits, arguments and
 *     notes are left out of it, so that a resumed run continues under the same id
 * @param date when the run began, an ISO-8601 instant
 * @param tool what measured: {@code sparktts}, {@code pytorch}, ...
 * @param host operating system name, version and architecture; never the host's name
 * @param lastLevelCacheBytes size of the last cache level, 0 when unknown
 * @param jvm vendor and version
 * @param gitRevision commit of the source tree, absent outside a checkout
 * @param clocksBefore processor clocks before the run, as read; clocksAfter likewise, so that
 *     throttling shows
 * @param notes what a reader must know, such as what a quick run scaled down
 */
public record Environment(
        String id,
        String date,
        String tool,
        String host,
        String cpuModel,
        int cores,
        long memoryBytes,
        long lastLevelCacheBytes,
        @Nullable String jvm,
        List<String> jvmArguments,
        Map<String, String> backendVersions,
        @Nullable String gpu,
        @Nullable String driver,
        @Nullable String cuda,
        @Nullable String gitRevision,
        boolean gitDirty,
        List<Limit> limits,
        @Nullable String clocksBefore,
        @Nullable String clocksAfter,
        List<String> commandLine,
        List<String> notes,
        Map<String, Long> seeds)
        implements ResultLine {

    public Environment {
        Objects.requireNonNull(id, "an environment needs \"id\"");
        jvmArguments = copy(jvmArguments);
        backendVersions = copy(backendVersions);
        limits = copy(limits);
        commandLine = copy(commandLine);
        notes = copy(notes);
        seeds = copy(seeds);
    }

    public static EnvironmentBuilder builder(String tool) {
        return new EnvironmentBuilder(tool);
    }

    /** A builder that starts from these values. */
    public EnvironmentBuilder toBuilder() {
        return new EnvironmentBuilder(tool)
                .date(date)
                .host(host)
                .cpuModel(cpuModel)
                .cores(cores)
                .memoryBytes(memoryBytes)
                .lastLevelCacheBytes(lastLevelCacheBytes)
                .jvm(jvm)
                .jvmArguments(jvmArguments)
                .backendVersions(backendVersions)
                .gpu(gpu)
                .driver(driver)
                .cuda(cuda)
                .gitRevision(gitRevision)
                .gitDirty(gitDirty)
                .limits(limits)
                .clocksBefore(clocksBefore)
                .clocksAfter(clocksAfter)
                .commandLine(commandLine)
                .notes(notes)
                .seeds(seeds);
    }

    /**
     * Whether speeds measured here and there may stand in one ratio: the same hardware, and either
     * another tool (a peer) or the same source revision.
     */
    public boolean comparableTo(Environment other) {
        if (id.equals(other.id)) {
            return true;
        }
        // Tools count the cores of a container differently; what a GPU does depends little on it.
        boolean peer = !tool.equals(other.tool);
        boolean sameHardware =
                host.equals(other.host)
                        && cpuModel.equals(other.cpuModel)
                        && (cores == other.cores || (peer && gpu != null && other.gpu != null))
                        && (gpu == null || other.gpu == null || gpu.equals(other.gpu));
        boolean sameSource =
                Objects.equals(gitRevision, other.gitRevision) && gitDirty == other.gitDirty;
        return sameHardware && (peer || sameSource);
    }

    /**
     * This environment with what another record of the same id adds: a resumed run's, or another
     * backend's. Single values are the later one's, limits the last of their kind.
     */
    Environment mergedWith(Environment later) {
        Map<List<String>, Limit> byKind = new LinkedHashMap<>();
        for (Limit limit : concat(limits, later.limits)) {
            byKind.put(List.of(limit.backend(), limit.kind(), limit.dtype()), limit);
        }
        Map<String, String> versions = new LinkedHashMap<>(backendVersions);
        versions.putAll(later.backendVersions);
        // The id stays what the rows name: another tool hashes in its own way.
        return new Environment(
                id,
                later.date,
                tool,
                later.host,
                later.cpuModel,
                later.cores,
                later.memoryBytes,
                later.lastLevelCacheBytes,
                later.jvm,
                concat(jvmArguments, later.jvmArguments),
                versions,
                later.gpu,
                later.driver,
                later.cuda,
                later.gitRevision,
                later.gitDirty,
                List.copyOf(byKind.values()),
                clocksBefore != null ? clocksBefore : later.clocksBefore,
                later.clocksAfter,
                later.commandLine,
                concat(notes, later.notes),
                later.seeds);
    }

    /** Hashes what makes rows comparable. */
    static String idOf(@Nullable Object... identity) {
        List<String> parts = new ArrayList<>();
        for (Object part : identity) {
            parts.add(String.valueOf(part));
        }
        try {
            byte[] hash =
                    MessageDigest.getInstance("SHA-256")
                            .digest(String.join("\n", parts).getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(hash, 0, 6);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    private static <T> List<T> concat(Collection<T> first, Collection<T> second) {
        LinkedHashSet<T> all = new LinkedHashSet<>(first);
        all.addAll(second);
        return List.copyOf(all);
    }

    // A line written by another tool may leave a list or map out.
    private static <T> List<T> copy(@Nullable List<T> list) {
        return list == null ? List.of() : List.copyOf(list);
    }

    private static <V> Map<String, V> copy(@Nullable Map<String, V> map) {
        return map == null ? Map.of() : Collections.unmodifiableMap(new LinkedHashMap<>(map));
    }
}
