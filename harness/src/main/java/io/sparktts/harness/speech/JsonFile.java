package io.sparktts.harness.speech;

import io.sparktts.harness.UserError;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/** JSON files that appear whole or not at all. */
final class JsonFile {
    private JsonFile() {}

    static void write(Path file, JsonNode json) {
        Path folder = file.toAbsolutePath().getParent();
        try {
            Path part = Files.createTempFile(folder, ".sparktts", ".json");
            try {
                Files.writeString(part, json.toPrettyString() + "\n");
                Files.move(
                        part,
                        file,
                        StandardCopyOption.ATOMIC_MOVE,
                        StandardCopyOption.REPLACE_EXISTING);
            } finally {
                Files.deleteIfExists(part);
            }
        } catch (IOException e) {
            throw UserError.usage(file + ": cannot be written: " + e.getMessage());
        }
    }

    static JsonNode read(Path file) {
        try {
            return JsonMapper.shared().readTree(Files.readString(file));
        } catch (IOException e) {
            throw UserError.usage(file + ": cannot be read: " + e.getMessage());
        } catch (tools.jackson.core.JacksonException e) {
            throw UserError.usage(file + ": not valid JSON: " + e.getOriginalMessage());
        }
    }
}
