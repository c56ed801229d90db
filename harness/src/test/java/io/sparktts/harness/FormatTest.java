package io.sparktts.harness;

import static org.junit.jupiter.api.Assertions.fail;

import com.google.googlejavaformat.java.Formatter;
import com.google.googlejavaformat.java.FormatterException;
import com.google.googlejavaformat.java.ImportOrderer;
import com.google.googlejavaformat.java.JavaFormatterOptions;
import com.google.googlejavaformat.java.JavaFormatterOptions.Style;
import com.google.googlejavaformat.java.RemoveUnusedImports;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * Every Java file is as {@code google-java-format --aosp --skip-reflowing-long-strings} leaves it.
 * Reflowing strings would not settle in one pass.
 */
class FormatTest {
    private static final String FIX =
            "./mvnw -pl harness -am test -Dtest=FormatTest -Dsurefire.failIfNoSpecifiedTests=false"
                    + " -Dformat.write=true";

    private static final Formatter FORMATTER =
            new Formatter(JavaFormatterOptions.builder().style(Style.AOSP).build());

    @Test
    void javaFilesAreFormatted() throws IOException, FormatterException {
        boolean write = Boolean.getBoolean("format.write");
        Path root = root();
        List<String> unformatted = new ArrayList<>();
        for (Path file : javaFiles(root)) {
            String before = Files.readString(file);
            String after = format(before);
            if (before.equals(after)) {
                continue;
            }
            if (write) {
                Files.writeString(file, after);
            } else {
                unformatted.add(root.relativize(file).toString());
            }
        }
        if (!unformatted.isEmpty()) {
            fail("not formatted; run\n  " + FIX + "\n" + String.join("\n", unformatted));
        }
    }

    /** The steps of the command line tool, in its order. */
    private static String format(String source) throws FormatterException {
        String formatted = FORMATTER.formatSource(source);
        formatted = RemoveUnusedImports.removeUnusedImports(formatted);
        return ImportOrderer.reorderImports(formatted, Style.AOSP);
    }

    private static List<Path> javaFiles(Path root) throws IOException {
        List<Path> files = new ArrayList<>();
        try (Stream<Path> modules = Files.list(root)) {
            for (Path module : modules.sorted().toList()) {
                for (String sources : List.of("src/main/java", "src/test/java")) {
                    files.addAll(javaFilesUnder(module.resolve(sources)));
                }
            }
        }
        return files;
    }

    private static List<Path> javaFilesUnder(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> tree = Files.walk(folder)) {
            return tree.filter(f -> f.toString().endsWith(".java")).sorted().toList();
        }
    }

    /** The folder of the pom that has the modules. */
    private static Path root() throws IOException {
        for (Path dir = Path.of("").toAbsolutePath(); dir != null; dir = dir.getParent()) {
            Path pom = dir.resolve("pom.xml");
            if (Files.exists(pom) && Files.readString(pom).contains("<modules>")) {
                return dir;
            }
        }
        throw new IllegalStateException(
                "no pom.xml with <modules> above " + Path.of("").toAbsolutePath());
    }
}
