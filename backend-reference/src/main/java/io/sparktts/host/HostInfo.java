package io.sparktts.host;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/** What the operating system says about the processor. */
public final class HostInfo {
    private HostInfo() {}

    /** The processor's name; its architecture where the system does not tell. */
    public static String cpuModel() {
        Path info = Path.of("/proc/cpuinfo");
        if (Files.isReadable(info)) {
            try (Stream<String> lines = Files.lines(info)) {
                return lines.filter(l -> l.startsWith("model name"))
                        .map(l -> l.substring(l.indexOf(':') + 1).strip())
                        .findFirst()
                        .orElse(System.getProperty("os.arch"));
            } catch (IOException e) {
                return System.getProperty("os.arch");
            }
        }
        return System.getProperty("os.arch");
    }

    /** Physical memory in bytes; 0 if unknown. */
    public static long memoryBytes() {
        return ManagementFactory.getOperatingSystemMXBean()
                        instanceof com.sun.management.OperatingSystemMXBean os
                ? os.getTotalMemorySize()
                : 0;
    }

    /** Size of the largest cache of the first core in bytes; 0 if unknown. */
    public static long lastLevelCacheBytes() {
        Path caches = Path.of("/sys/devices/system/cpu/cpu0/cache");
        if (!Files.isDirectory(caches)) {
            return 0;
        }
        long largest = 0;
        try (Stream<Path> entries = Files.list(caches)) {
            for (Path entry : entries.toList()) {
                Path size = entry.resolve("size");
                if (Files.isReadable(size)) {
                    largest = Math.max(largest, parseSize(Files.readString(size).strip()));
                }
            }
        } catch (IOException e) {
            return 0;
        }
        return largest;
    }

    private static long parseSize(String text) {
        int unit = "KMG".indexOf(text.charAt(text.length() - 1));
        return unit < 0
                ? Long.parseLong(text)
                : Long.parseLong(text.substring(0, text.length() - 1)) << (10 * (unit + 1));
    }
}
