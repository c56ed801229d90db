package io.sparktts.harness;

import io.sparktts.reports.Report;
import io.sparktts.reports.ReportOptions;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;

/** Draws a report of result files, of several machines and of any tool that writes the schema. */
@Command(
        name = "report",
        mixinStandardHelpOptions = true,
        description = "Writes tables and charts of one or more result files.")
public final class ReportCommand implements Callable<Integer> {
    @Spec private CommandSpec spec = CommandSpec.create();

    @Parameters(
            arity = "1..*",
            paramLabel = "RESULT",
            description = "results.jsonl files, or the folders of runs that hold one")
    private List<Path> results = List.of();

    @Option(
            names = "--out",
            required = true,
            paramLabel = "DIR",
            description = "a folder to be made")
    private Path out = Path.of("report");

    @Option(
            names = "--baseline",
            paramLabel = "NAME",
            description = "what to compare with: VARIANT or BACKEND:VARIANT (default: naive)")
    private String baseline = ReportOptions.defaults().baseline();

    @Option(names = "--title", paramLabel = "TEXT", description = "heading of the report")
    private String title = ReportOptions.defaults().title();

    @Override
    public Integer call() {
        List<Path> files = new ArrayList<>();
        for (Path p : results) {
            files.add(Files.isDirectory(p) ? p.resolve("results.jsonl") : p);
        }
        PrintWriter printer = spec.commandLine().getOut();
        Report.Written written = Report.write(files, out, new ReportOptions(baseline, title));
        printer.println("report: " + written.folder().resolve("report.html"));
        written.warnings().forEach(w -> printer.println("note: " + w));
        printer.flush();
        return UserError.OK;
    }
}
