package io.sparktts.harness;

import io.sparktts.backend.Backend;
import io.sparktts.backend.Launch;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/**
 * A JVM of its own for a backend, with the arguments, environment and class path that it asks for.
 */
public final class BackendProcess implements AutoCloseable {
    private static final List<String> EVERY_JVM =
            List.of(
                    "--add-modules=jdk.incubator.vector",
                    "--enable-native-access=ALL-UNNAMED",
                    "--sun-misc-unsafe-memory-access=allow");

    private static final Set<Process> LIVE = ConcurrentHashMap.newKeySet();

    static {
        Runtime.getRuntime()
                .addShutdownHook(
                        new Thread(() -> LIVE.forEach(BackendProcess::kill), "kill-workers"));
    }

    private final Process process;
    private final Path log;

    private BackendProcess(Process process, Path log) {
        this.process = process;
        this.log = log;
    }

    /** Arguments of a JVM that runs {@code backend}. */
    public static List<String> jvmArguments(Backend backend) {
        Set<String> all = new LinkedHashSet<>(EVERY_JVM);
        List<String> own = backend.launch().jvmArguments();
        // Flags of two words must not be taken apart, so only whole repeats of single words are
        // dropped.
        List<String> arguments = new ArrayList<>(all);
        for (String a : own) {
            if (!all.contains(a)) {
                arguments.add(a);
            }
        }
        return List.copyOf(arguments);
    }

    /**
     * Starts {@code worker ARGUMENTS}.
     *
     * @param log takes all it prints
     */
    public static BackendProcess start(Backend backend, Path log, List<String> arguments) {
        List<String> command = new ArrayList<>(List.of("worker"));
        command.addAll(arguments);
        ProcessBuilder builder = builder(backend, command);
        builder.redirectErrorStream(true);
        builder.redirectInput(ProcessBuilder.Redirect.from(nullDevice()));
        builder.redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
        return start(backend, builder, log);
    }

    /**
     * Runs a command of the program with this process' standard streams, to its end.
     *
     * @return its exit code
     */
    public static int runAttached(Backend backend, List<String> arguments) {
        ProcessBuilder builder = builder(backend, arguments).inheritIO();
        try (BackendProcess p = start(backend, builder, Path.of(""))) {
            return p.process.waitFor();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while " + backend.name() + " ran", e);
        }
    }

    private static ProcessBuilder builder(Backend backend, List<String> arguments) {
        Launch launch = backend.launch();
        List<String> classPath = new ArrayList<>();
        classPath.add(System.getProperty("java.class.path"));
        launch.classPath().forEach(p -> classPath.add(p.toString()));
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(jvmArguments(backend));
        command.add("-cp");
        command.add(String.join(File.pathSeparator, classPath));
        command.add(Main.class.getName());
        command.addAll(arguments);
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().putAll(launch.environment());
        return builder;
    }

    private static BackendProcess start(Backend backend, ProcessBuilder builder, Path log) {
        try {
            Process process = builder.start();
            LIVE.add(process);
            return new BackendProcess(process, log);
        } catch (IOException e) {
            throw new UncheckedIOException(
                    "cannot start a JVM for " + backend.name() + ": " + e.getMessage(), e);
        }
    }

    private static File nullDevice() {
        return new File(
                System.getProperty("os.name", "").startsWith("Windows") ? "NUL" : "/dev/null");
    }

    /** Waits at most so long; false if it still runs. */
    public boolean waitFor(Duration limit) {
        try {
            return process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            end();
            throw new IllegalStateException("interrupted while a worker ran", e);
        }
    }

    /** Whether it still runs. */
    public boolean alive() {
        return process.isAlive();
    }

    /** What it ended with; it must have ended. */
    public int exitCode() {
        return process.exitValue();
    }

    /** How it ended, in one line for the user. */
    public String obituary() {
        int code = process.exitValue();
        String how =
                code > 128
                        ? "its JVM was killed by signal " + (code - 128)
                        : "its JVM ended with exit code " + code;
        String last = lastLine();
        return last.isEmpty() ? how : how + ": " + last;
    }

    /** The last line it printed that says something. */
    private String lastLine() {
        try {
            List<String> lines =
                    Files.readString(log)
                            .lines()
                            .map(String::strip)
                            .filter(
                                    l ->
                                            !l.isEmpty()
                                                    && !l.startsWith("WARNING:")
                                                    && !l.startsWith("at "))
                            .toList();
            return lines.isEmpty() ? "" : lines.getLast();
        } catch (IOException e) {
            return "its log cannot be read: " + e.getMessage();
        }
    }

    private static void kill(Process p) {
        p.descendants().forEach(ProcessHandle::destroyForcibly);
        p.destroyForcibly();
    }

    /** Ends it, and what it started, if it still runs. */
    public void end() {
        if (process.isAlive()) {
            kill(process);
        }
        LIVE.remove(process);
    }

    @Override
    public void close() {
        end();
    }
}
