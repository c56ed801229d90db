package io.sparktts.audio;

import io.sparktts.checkpoint.SafetensorsFile;

import org.jspecify.annotations.Nullable;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import java.io.IOException;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;

/** The golden files: the bundled ones, or those of {@code -Dsparktts.golden=DIR}. */
final class Goldens {
    private Goldens() {}

    static Path path(String name) {
        @Nullable String directory = System.getProperty("sparktts.golden");
        if (directory != null) {
            return Path.of(directory).resolve(name);
        }
        URL url = Objects.requireNonNull(Goldens.class.getResource("/golden/" + name), name);
        try {
            return Path.of(url.toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    static SafetensorsFile tensors(String name) throws IOException {
        return SafetensorsFile.open(path(name));
    }

    static JsonNode json(String name) throws IOException {
        return JsonMapper.shared().readTree(Files.readString(path(name)));
    }

    /** The reference clip of the tiny checkpoint. */
    static Audio prompt() {
        return WavFile.read(path("tiny_ckpt/prompt.wav"));
    }
}
