package io.sparktts.backend;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * What the process that runs a backend needs.
 *
 * @param jvmArguments arguments of the JVM, an {@code @argfile} included
 * @param environment variables set in addition to the inherited ones
 * @param classPath entries appended to the class path
 */
public record Launch(
        List<String> jvmArguments, Map<String, String> environment, List<Path> classPath) {
    public Launch {
        jvmArguments = List.copyOf(jvmArguments);
        environment = Map.copyOf(environment);
        classPath = List.copyOf(classPath);
    }

    /** A process that needs JVM arguments alone. */
    public static Launch jvm(String... arguments) {
        return new Launch(List.of(arguments), Map.of(), List.of());
    }
}
