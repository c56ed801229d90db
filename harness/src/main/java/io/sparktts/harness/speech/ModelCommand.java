package io.sparktts.harness.speech;

import io.sparktts.checkpoint.SyntheticCheckpoint;
import io.sparktts.harness.UserError;
import io.sparktts.text.SyntheticTokenizer;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

import java.nio.file.Path;

/** Makes models. */
@Command(
        name = "model",
        mixinStandardHelpOptions = true,
        description = "Makes checkpoint directories.")
public final class ModelCommand implements Runnable {
    @Spec private CommandSpec spec = CommandSpec.create();

    @Override
    public void run() {
        spec.commandLine().usage(spec.commandLine().getOut());
    }

    @Command(
            name = "synth",
            mixinStandardHelpOptions = true,
            description = "Writes a checkpoint directory of the published layout, random weights.")
    int synth(
            @Parameters(paramLabel = "DIR", description = "to be made") Path directory,
            @Option(
                            names = "--size",
                            paramLabel = "tiny|0.5b",
                            defaultValue = "tiny",
                            description = "default: ${DEFAULT-VALUE}")
                    String size,
            @Option(
                            names = "--seed",
                            paramLabel = "N",
                            defaultValue = "1",
                            description = "of the weights (default: ${DEFAULT-VALUE})")
                    long seed) {
        SyntheticCheckpoint.Size chosen;
        try {
            chosen = SyntheticCheckpoint.Size.parse(size);
        } catch (IllegalArgumentException e) {
            throw UserError.usage(String.valueOf(e.getMessage()));
        }
        SyntheticCheckpoint.write(
                directory, chosen, SyntheticTokenizer.of(chosen.codec()).json(), seed);
        spec.commandLine().getOut().println(directory);
        return UserError.OK;
    }
}
