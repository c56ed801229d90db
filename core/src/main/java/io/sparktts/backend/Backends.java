package io.sparktts.backend;

import java.util.Comparator;
import java.util.List;
import java.util.ServiceLoader;
import java.util.stream.Collectors;

/** Finds backends on the class path. */
public final class Backends {
    private Backends() {}

    /** All of them, the preferred first. */
    public static List<Backend> all() {
        return ServiceLoader.load(Backend.class).stream()
                .map(ServiceLoader.Provider::get)
                .sorted(
                        Comparator.comparingInt(Backend::priority)
                                .reversed()
                                .thenComparing(Backend::name))
                .toList();
    }

    /**
     * The one called {@code name}.
     *
     * @throws IllegalArgumentException naming the valid ones
     */
    public static Backend named(String name) {
        List<Backend> all = all();
        return all.stream()
                .filter(b -> b.name().equals(name))
                .findFirst()
                .orElseThrow(
                        () ->
                                new IllegalArgumentException(
                                        "unknown backend '"
                                                + name
                                                + "'; valid: "
                                                + all.stream()
                                                        .map(Backend::name)
                                                        .collect(Collectors.joining(", "))));
    }
}
