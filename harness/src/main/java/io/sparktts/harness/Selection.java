package io.sparktts.harness;

import io.sparktts.backend.DType;

import picocli.CommandLine.Option;

import java.util.ArrayList;
import java.util.List;

/** What to measure or check: options of several commands. */
final class Selection {
    @Option(
            names = "--backend",
            split = ",",
            paramLabel = "NAME",
            description = "only these; each must be able to run")
    private List<String> backends = new ArrayList<>();

    @Option(
            names = "--dtype",
            split = ",",
            paramLabel = "TYPE",
            description = "only these: f64, f32, f16, bf16")
    private List<DType> dtypes = new ArrayList<>();

    /** Names that the user gave; empty for all backends. */
    List<String> backends() {
        return backends;
    }

    /** Those that the user gave; empty for all. */
    List<DType> dtypes() {
        return dtypes;
    }
}
