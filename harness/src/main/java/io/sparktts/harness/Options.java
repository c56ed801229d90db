package io.sparktts.harness;

import io.sparktts.backend.DType;

import java.util.ArrayList;
import java.util.List;

/** Parses what several commands take. */
final class Options {
    private Options() {}

    /**
     * The dtypes of those names.
     *
     * @throws UserError for an unknown one, naming the valid ones
     */
    static List<DType> dtypes(List<String> names) {
        List<DType> types = new ArrayList<>();
        for (String name : names) {
            try {
                types.add(DType.parse(name));
            } catch (IllegalArgumentException e) {
                throw UserError.usage(String.valueOf(e.getMessage()));
            }
        }
        return types.stream().distinct().toList();
    }
}
