import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * Build step: kernels are written once, over arrays of float32; their editions for other dtypes
 * differ in the array's type, and in the class that loads and stores its elements. Arrays whose
 * name ends in F32 keep theirs.
 *
 * <p>Arguments: the sources, the folder of the editions, and the name of the one to make.
 */
public final class Editions {
    private Editions() {}

    /**
     * What an edition replaces.
     *
     * @param array the type of its arrays
     * @param elements the class that loads and stores them
     */
    private record Edition(String name, String array, String elements) {}

    private static final List<Edition> EDITIONS =
            List.of(
                    new Edition("f16", "HalfFloatArray", "Elements"),
                    new Edition("bf16", "BFloat16Array", "BFloat16Elements"));

    public static void main(String[] args) throws IOException {
        Edition edition =
                EDITIONS.stream().filter(e -> e.name.equals(args[2])).findFirst().orElseThrow();
        Path target = Path.of(args[1], edition.name);
        Files.createDirectories(target);
        List<Path> sources;
        try (Stream<Path> files = Files.list(Path.of(args[0]))) {
            sources = files.filter(f -> f.toString().endsWith(".java")).toList();
        }
        for (Path file : sources) {
            String name = file.getFileName().toString();
            if (!name.startsWith("Vector")) {
                Files.writeString(target.resolve(name), edit(Files.readString(file), edition));
            }
        }
    }

    private static String edit(String source, Edition edition) {
        return source.replaceAll("\\bFloatArray(?= \\w+\\b(?<!F32))", edition.array)
                .replaceAll(
                        "(import uk\\.ac\\.manchester\\.tornado\\.api\\.types\\.arrays\\.)FloatArray;",
                        "$1FloatArray;\nimport uk.ac.manchester.tornado.api.types.arrays."
                                + edition.array
                                + ";")
                .replaceAll("(?<=\\.kernel\\.)Elements(?=\\.)", edition.elements)
                .replace(
                        "package io.sparktts.tornado.f32;",
                        "package io.sparktts.tornado." + edition.name + ";");
    }
}
