package io.sparktts.reports.schema;

import org.jspecify.annotations.Nullable;

import java.util.List;
import java.util.Map;

/** Fills an {@link Environment} by name and computes its id. */
public final class EnvironmentBuilder {
    private final String tool;
    private String date = "";
    private String host = "unknown";
    private String cpuModel = "unknown";
    private int cores;
    private long memoryBytes;
    private long lastLevelCacheBytes;
    private @Nullable String jvm;
    private List<String> jvmArguments = List.of();
    private Map<String, String> backendVersions = Map.of();
    private @Nullable String gpu;
    private @Nullable String driver;
    private @Nullable String cuda;
    private @Nullable String gitRevision;
    private boolean gitDirty;
    private List<Limit> limits = List.of();
    private @Nullable String clocksBefore;
    private @Nullable String clocksAfter;
    private List<String> commandLine = List.of();
    private List<String> notes = List.of();
    private Map<String, Long> seeds = Map.of();

    EnvironmentBuilder(String tool) {
        this.tool = tool;
    }

    public EnvironmentBuilder date(String value) {
        this.date = value;
        return this;
    }

    public EnvironmentBuilder host(String value) {
        this.host = value;
        return this;
    }

    public EnvironmentBuilder cpuModel(String value) {
        this.cpuModel = value;
        return this;
    }

    public EnvironmentBuilder cores(int value) {
        this.cores = value;
        return this;
    }

    public EnvironmentBuilder memoryBytes(long value) {
        this.memoryBytes = value;
        return this;
    }

    public EnvironmentBuilder lastLevelCacheBytes(long value) {
        this.lastLevelCacheBytes = value;
        return this;
    }

    public EnvironmentBuilder jvm(@Nullable String value) {
        this.jvm = value;
        return this;
    }

    public EnvironmentBuilder jvmArguments(List<String> value) {
        this.jvmArguments = value;
        return this;
    }

    public EnvironmentBuilder backendVersions(Map<String, String> value) {
        this.backendVersions = value;
        return this;
    }

    public EnvironmentBuilder gpu(@Nullable String value) {
        this.gpu = value;
        return this;
    }

    public EnvironmentBuilder driver(@Nullable String value) {
        this.driver = value;
        return this;
    }

    public EnvironmentBuilder cuda(@Nullable String value) {
        this.cuda = value;
        return this;
    }

    public EnvironmentBuilder gitRevision(@Nullable String value) {
        this.gitRevision = value;
        return this;
    }

    public EnvironmentBuilder gitDirty(boolean value) {
        this.gitDirty = value;
        return this;
    }

    public EnvironmentBuilder limits(List<Limit> value) {
        this.limits = value;
        return this;
    }

    public EnvironmentBuilder clocksBefore(@Nullable String value) {
        this.clocksBefore = value;
        return this;
    }

    public EnvironmentBuilder clocksAfter(@Nullable String value) {
        this.clocksAfter = value;
        return this;
    }

    public EnvironmentBuilder commandLine(List<String> value) {
        this.commandLine = value;
        return this;
    }

    public EnvironmentBuilder notes(List<String> value) {
        this.notes = value;
        return this;
    }

    public EnvironmentBuilder seeds(Map<String, Long> value) {
        this.seeds = value;
        return this;
    }

    public Environment build() {
        String id =
                Environment.idOf(
                        tool,
                        host,
                        cpuModel,
                        cores,
                        memoryBytes,
                        jvm,
                        gpu,
                        driver,
                        cuda,
                        gitRevision,
                        gitDirty);
        return new Environment(
                id,
                date,
                tool,
                host,
                cpuModel,
                cores,
                memoryBytes,
                lastLevelCacheBytes,
                jvm,
                jvmArguments,
                backendVersions,
                gpu,
                driver,
                cuda,
                gitRevision,
                gitDirty,
                limits,
                clocksBefore,
                clocksAfter,
                commandLine,
                notes,
                seeds);
    }
}
