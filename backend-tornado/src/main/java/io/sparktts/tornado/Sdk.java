package io.sparktts.tornado;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * A TornadoVM SDK, judged by its files alone.
 *
 * @param home its folder
 * @param missing what keeps it from being used, in one line; empty if nothing does
 * @param remedy what the user does about it
 */
record Sdk(Path home, String missing, String remedy) {
    static final String HOME = "TORNADOVM_HOME";
    static final String VERSION = "5.2.0-jdk25";

    private static final String INSTALL =
            "sdk install tornadovm "
                    + VERSION
                    + "-opencl (or -cuda on NVIDIA), then set "
                    + HOME
                    + " to its folder";
    private static final String DRIVER = "tornado-drivers-";
    private static final String ARGUMENTS = "tornado-argfile";

    /** Looks at what {@code TORNADOVM_HOME} names. */
    static Sdk find(@Nullable String home) {
        if (home == null || home.isBlank()) {
            return unusable(Path.of(""), HOME + " is not set, so there is no TornadoVM", INSTALL);
        }
        Path folder = Path.of(home).toAbsolutePath();
        if (!Files.isDirectory(folder)) {
            return unusable(folder, HOME + " is " + home + ", which is no folder", INSTALL);
        }
        List<String> jars = names(folder.resolve("share/java/tornado"), "tornado-api-", ".jar");
        if (jars.isEmpty()) {
            return unusable(
                    folder, HOME + " is " + home + ", which holds no TornadoVM SDK", INSTALL);
        }
        if (!jars.contains("tornado-api-" + VERSION + ".jar")) {
            String found = jars.getFirst().replaceAll("tornado-api-|\\.jar", "");
            return unusable(
                    folder, "TornadoVM in " + home + " is " + found + ", not " + VERSION, INSTALL);
        }
        if (names(folder.resolve("lib"), "libtornado", "").isEmpty()
                && names(folder.resolve("lib"), "tornado", "").isEmpty()) {
            return unusable(
                    folder,
                    "TornadoVM in " + home + " has no native library in lib",
                    "reinstall it: " + INSTALL);
        }
        if (!argumentsFit(folder)) {
            return unusable(
                    folder,
                    home + "/" + ARGUMENTS + " is missing or names another folder",
                    "make it anew: envsubst < "
                            + ARGUMENTS
                            + ".template > "
                            + ARGUMENTS
                            + " in that folder");
        }
        return new Sdk(folder, "", "");
    }

    private static Sdk unusable(Path home, String missing, String remedy) {
        return new Sdk(home, missing, remedy);
    }

    boolean usable() {
        return missing.isEmpty();
    }

    /** The file of JVM arguments. */
    Path arguments() {
        return home.resolve(ARGUMENTS);
    }

    /** Its backends: {@code opencl}, {@code cuda}. */
    List<String> backends() {
        return names(home.resolve("share/java/tornado"), DRIVER, "-" + VERSION + ".jar").stream()
                .map(n -> n.substring(DRIVER.length()).replaceAll("-.*", ""))
                .filter(n -> !n.equals("common"))
                .toList();
    }

    private static boolean argumentsFit(Path folder) {
        Path file = folder.resolve(ARGUMENTS);
        try {
            return Files.isReadable(file)
                    && Stream.of(Files.readString(file).split("[\\s:=]+"))
                            .filter(a -> a.endsWith("share/java/tornado"))
                            .anyMatch(a -> Files.isDirectory(Path.of(a)));
        } catch (IOException e) {
            return false;
        }
    }

    private static List<String> names(Path folder, String start, String end) {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(f -> f.getFileName().toString())
                    .filter(n -> n.startsWith(start) && n.endsWith(end))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            return List.of();
        }
    }
}
