import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Build step: kernels are written once, over arrays of float32; their editions for other dtypes
 * differ in the array's type, and in the class that loads and stores its elements. Arrays whose
 * name ends in F32 keep theirs.
 *
 * <p>Arguments: the sources, the folder of the editions, and the names of those to make.
 */
public final class Editions {
    private Editions() {}

    /**
     * What an edition replaces.
     *
     * @param files how the names of the files that it has begin
     * @param array the type of its arrays
     * @param singles that of arrays whose names end in Singles
     * @param elements the class that loads and stores them
     */
    private record Edition(
            String name, String files, String array, String singles, String elements) {}

    private static final List<Edition> EDITIONS =
            List.of(
                    new Edition("f16", "(?!Vector)", "HalfFloatArray", "HalfFloatArray", "Elements"),
                    new Edition(
                            "f16pairs",
                            "(Quad|package-info)",
                            "HalfFloatArray",
                            "HalfFloatArray",
                            "HalfPairs"),
                    new Edition(
                            "bf16",
                            "(?!Vector|Quad)",
                            "BFloat16Array",
                            "BFloat16Array",
                            "BFloat16Elements"),
                    new Edition(
                            "bf16words",
                            "(Quad|package-info)",
                            "LongArray",
                            "BFloat16Array",
                            "BFloat16Words"));

    public static void main(String[] args) throws IOException {
        for (String name : List.of(args).subList(2, args.length)) {
            make(
                    EDITIONS.stream().filter(e -> e.name.equals(name)).findFirst().orElseThrow(),
                    Path.of(args[0]),
                    Path.of(args[1], name));
        }
    }

    private static void make(Edition edition, Path from, Path target) throws IOException {
        Files.createDirectories(target);
        List<Path> sources;
        try (Stream<Path> files = Files.list(from)) {
            sources = files.filter(f -> f.toString().endsWith(".java")).toList();
        }
        for (Path file : sources) {
            String name = file.getFileName().toString();
            if (name.matches(edition.files + ".*")) {
                Files.writeString(target.resolve(name), edit(Files.readString(file), edition));
            }
        }
    }

    private static String edit(String source, Edition edition) {
        String arrays = "import uk.ac.manchester.tornado.api.types.arrays.";
        return source.replaceAll("\\bFloatArray(?= \\w+Singles\\b)", edition.singles)
                .replaceAll("\\bFloatArray(?= \\w+\\b(?<!F32))", edition.array)
                .replace(
                        arrays + "FloatArray;",
                        Stream.of("FloatArray", edition.array, edition.singles)
                                .distinct()
                                .map(a -> arrays + a + ";")
                                .collect(Collectors.joining("\n")))
                .replaceAll("(?<=\\.kernel\\.)Elements(?=\\.)", edition.elements)
                .replace(
                        "package io.sparktts.tornado.f32;",
                        "package io.sparktts.tornado." + edition.name + ";");
    }
}
