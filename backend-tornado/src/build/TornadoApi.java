import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Enumeration;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.jar.JarOutputStream;

/**
 * Build step: copies TornadoVM's API classes, and nothing else, from a jar that holds them. Those
 * compiled with preview features carry a mark that binds them to one Java release though they use
 * none of the features; it is cleared.
 */
public final class TornadoApi {
    private static final String API = "uk/ac/manchester/tornado/api/";
    private static final int MINOR_VERSION = 4;

    private TornadoApi() {}

    public static void main(String[] args) throws IOException {
        Path target = Path.of(args[1]);
        Files.createDirectories(target.getParent());
        try (JarFile source = new JarFile(args[0]);
                JarOutputStream out = new JarOutputStream(Files.newOutputStream(target))) {
            for (Enumeration<JarEntry> e = source.entries(); e.hasMoreElements(); ) {
                JarEntry entry = e.nextElement();
                if (entry.getName().startsWith(API) && entry.getName().endsWith(".class")) {
                    out.putNextEntry(new JarEntry(entry.getName()));
                    try (InputStream in = source.getInputStream(entry)) {
                        byte[] bytes = in.readAllBytes();
                        bytes[MINOR_VERSION] = 0;
                        bytes[MINOR_VERSION + 1] = 0;
                        out.write(bytes);
                    }
                    out.closeEntry();
                }
            }
        }
    }
}
