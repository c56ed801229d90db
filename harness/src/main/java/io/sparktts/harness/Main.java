package io.sparktts.harness;

import io.sparktts.backend.DType;
import io.sparktts.checkpoint.CheckpointException;
import io.sparktts.contract.GoldenException;
import io.sparktts.harness.speech.ModelCommand;
import io.sparktts.harness.speech.SayCommand;
import io.sparktts.harness.speech.VoiceCommand;
import io.sparktts.reports.schema.ReportException;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;
import picocli.CommandLine.UnmatchedArgumentException;

import java.io.PrintWriter;

/** The entry point of {@code ./sparktts}. */
@Command(
        name = "sparktts",
        mixinStandardHelpOptions = true,
        version = "sparktts 0.1.0",
        description = "Measures and checks the Spark-TTS kernels and model on every backend found.",
        subcommands = {
            BackendsCommand.class,
            VerifyCommand.class,
            BenchCommand.class,
            ReportCommand.class,
            SayCommand.class,
            VoiceCommand.class,
            ModelCommand.class,
            WorkerCommand.class
        },
        footer = {
            "",
            "Exit codes: 0 well, 1 internal error, 2 bad input, 3 a named backend cannot run, 4 a"
                    + " check failed, 5 the model said nothing."
        })
public final class Main implements Runnable {
    @Spec private CommandSpec spec = CommandSpec.create();

    /** Runs a command and exits with its code. */
    public static void main(String[] args) {
        System.exit(commandLine().execute(args));
    }

    /** The commands, ready to execute; errors are printed as one line. */
    public static CommandLine commandLine() {
        CommandLine line = new CommandLine(new Main());
        line.setCaseInsensitiveEnumValuesAllowed(true);
        line.registerConverter(DType.class, Main::dtype);
        line.setParameterExceptionHandler(Main::badParameter);
        line.setExecutionExceptionHandler((e, command, parsed) -> failed(e, command));
        return line;
    }

    private static DType dtype(String name) {
        try {
            return DType.parse(name);
        } catch (IllegalArgumentException e) {
            throw new TypeConversionException(e.getMessage());
        }
    }

    private static int badParameter(ParameterException e, String[] args) {
        CommandLine command = e.getCommandLine();
        String message = String.valueOf(e.getMessage()).lines().findFirst().orElse("bad arguments");
        if (e instanceof UnmatchedArgumentException && command.getCommand() instanceof Main) {
            message += "; valid: backends, verify, bench, report, say, voice, model";
        } else if (e instanceof UnmatchedArgumentException) {
            message += "; see sparktts " + command.getCommandName() + " --help";
        }
        command.getErr().println("sparktts: " + message);
        command.getErr().flush();
        return UserError.USAGE;
    }

    private static int failed(Exception e, CommandLine command) {
        PrintWriter err = command.getErr();
        int code =
                switch (e) {
                    case UserError u -> u.exitCode();
                    case ReportException _, GoldenException _, CheckpointException _ ->
                            UserError.USAGE;
                    default -> UserError.FAILURE;
                };
        if (code == UserError.FAILURE) {
            e.printStackTrace(err);
        }
        err.println("sparktts: " + e.getMessage());
        err.flush();
        return code;
    }

    @Override
    public void run() {
        spec.commandLine().usage(spec.commandLine().getOut());
    }
}
