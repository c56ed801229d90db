package io.sparktts.harness.speech;

import io.sparktts.audio.AudioException;
import io.sparktts.backend.Backend;
import io.sparktts.backend.BackendException;
import io.sparktts.backend.DType;
import io.sparktts.backend.Variants;
import io.sparktts.harness.BackendProcess;
import io.sparktts.harness.Probing;
import io.sparktts.harness.UserError;
import io.sparktts.speech.LoadOptions;
import io.sparktts.speech.SparkTts;
import io.sparktts.speech.SpeechException;
import io.sparktts.text.TokenizerException;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;

/** Which model speaks, and where: options of every command that loads one. */
final class ModelOptions {
    private static final String SYNTHETIC = "synthetic";

    @Option(
            names = "--model",
            required = true,
            paramLabel = "DIR",
            description =
                    "checkpoint directory as published, or 'synthetic': the published sizes with"
                            + " random weights")
    private String model = "";

    @Option(
            names = "--backend",
            paramLabel = "NAME",
            description = "where to compute; by default the preferred one that can run here")
    private @Nullable String backend;

    @Option(names = "--device", paramLabel = "ID", description = "which of its devices")
    private @Nullable String device;

    @Option(
            names = "--dtype",
            paramLabel = "TYPE",
            defaultValue = "f32",
            description =
                    "f32 (as the published program), bf16 or f16, which take half the memory"
                            + " (default: ${DEFAULT-VALUE})")
    private DType dtype = DType.F32;

    @Option(
            names = "--codec-dtype",
            paramLabel = "TYPE",
            description = "of the codec alone (default: as --dtype)")
    private @Nullable DType codecDtype;

    @Option(
            names = "--variant",
            paramLabel = "NAMES",
            defaultValue = "",
            description = "variants of the operations, such as tf32 or conv1d=tf32")
    private String variant = "";

    @Option(names = "--in-process", hidden = true)
    private boolean inProcess;

    /**
     * Runs {@code work} in a process of the backend's: this one, or a new one that is given the
     * same command line.
     *
     * @return an exit code
     */
    int run(CommandSpec command, Callable<Integer> work) throws Exception {
        if (inProcess) {
            try {
                return work.call();
            } catch (SpeechException
                    | AudioException
                    | TokenizerException
                    | IllegalArgumentException e) {
                throw UserError.usage(String.valueOf(e.getMessage()));
            } catch (BackendException e) {
                throw UserError.unavailable(String.valueOf(e.getMessage()));
            }
        }
        loadOptions();
        Backend chosen = Probing.preferred(backend);
        List<String> arguments = new ArrayList<>();
        arguments.addAll(command.root().commandLine().getParseResult().originalArgs());
        if (backend == null) {
            arguments.add("--backend=" + chosen.name());
        }
        arguments.add("--in-process");
        return BackendProcess.runAttached(chosen, arguments);
    }

    /** Loads the model; {@code seed} is that of synthetic weights. */
    SparkTts load(long seed) {
        return model.equals(SYNTHETIC)
                ? SparkTts.synthetic(seed, loadOptions())
                : SparkTts.load(Path.of(model), loadOptions());
    }

    private LoadOptions loadOptions() {
        return LoadOptions.DEFAULT
                .withBackend(backend)
                .withDevice(device)
                .withDtype(dtype)
                .withCodecDtype(codecDtype == null ? dtype : codecDtype)
                .withVariants(variants());
    }

    private Variants variants() {
        try {
            return Variants.parse(variant);
        } catch (IllegalArgumentException e) {
            throw UserError.usage(String.valueOf(e.getMessage()));
        }
    }
}
