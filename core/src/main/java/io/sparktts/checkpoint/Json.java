package io.sparktts.checkpoint;

import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;
import tools.jackson.dataformat.yaml.YAMLFactory;
import tools.jackson.dataformat.yaml.YAMLMapper;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** JSON or YAML objects without duplicate keys, in UTF-8. */
final class Json {
    /** More than any configuration or shard index has. */
    private static final long MAX_FILE_BYTES = 64L << 20;

    private static final JsonMapper JSON =
            JsonMapper.builder(
                            JsonFactory.builder()
                                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                                    .build())
                    .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                    .build();

    private static final YAMLMapper YAML =
            YAMLMapper.builder(
                            YAMLFactory.builder()
                                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                                    .build())
                    .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                    .build();

    private Json() {}

    /** Reads a file that holds one object. */
    static ObjectNode read(Path file) {
        return object(file, "the file", bytes(file), JSON, "JSON");
    }

    /** Reads a YAML file that holds one object. */
    static ObjectNode readYaml(Path file) {
        return object(file, "the file", bytes(file), YAML, "YAML");
    }

    /** Parses one object; {@code what} names the bytes in errors. */
    static ObjectNode object(Path file, String what, byte[] utf8) {
        return object(file, what, utf8, JSON, "JSON");
    }

    private static byte[] bytes(Path file) {
        try {
            if (Files.size(file) > MAX_FILE_BYTES) {
                throw new CheckpointException(
                        file, "too large for a configuration of a checkpoint");
            }
            return Files.readAllBytes(file);
        } catch (NoSuchFileException e) {
            throw new CheckpointException(file, "no such file", e);
        } catch (IOException e) {
            throw new CheckpointException(file, "cannot be read: " + e.getMessage(), e);
        }
    }

    private static ObjectNode object(
            Path file, String what, byte[] utf8, ObjectMapper mapper, String format) {
        try {
            String text =
                    StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(utf8)).toString();
            JsonNode node = mapper.readTree(text);
            if (node instanceof ObjectNode object) {
                return object;
            }
            throw new CheckpointException(file, what + " is not a " + format + " object");
        } catch (CharacterCodingException e) {
            throw new CheckpointException(file, what + " is not UTF-8 text", e);
        } catch (JacksonException e) {
            throw new CheckpointException(
                    file, what + " is not valid " + format + ": " + e.getOriginalMessage(), e);
        }
    }
}
