import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * Build step: kernels are written once, over arrays of float32; their editions for other dtypes
 * differ in the array's type alone. Arrays whose name ends in F32 keep theirs.
 */
public final class Editions {
    private Editions() {}

    public static void main(String[] args) throws IOException {
        Path target = Path.of(args[1], "f16");
        Files.createDirectories(target);
        List<Path> sources;
        try (Stream<Path> files = Files.list(Path.of(args[0]))) {
            sources = files.filter(f -> f.toString().endsWith(".java")).toList();
        }
        for (Path file : sources) {
            String name = file.getFileName().toString();
            if (!name.startsWith("Vector")) {
                Files.writeString(target.resolve(name), edition(Files.readString(file)));
            }
        }
    }

    private static String edition(String source) {
        return source.replaceAll("\\bFloatArray(?= \\w+\\b(?<!F32))", "HalfFloatArray")
                .replaceAll(
                        "(import uk\\.ac\\.manchester\\.tornado\\.api\\.types\\.arrays\\.)FloatArray;",
                        "$1FloatArray;\nimport uk.ac.manchester.tornado.api.types.arrays.HalfFloatArray;")
                .replace("package io.sparktts.tornado.f32;", "package io.sparktts.tornado.f16;");
    }
}
