package io.sparktts.checkpoint;

import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** JSON objects without duplicate keys, in UTF-8. */
final class Json {
    /** More than any configuration or shard index has. */
    private static final long MAX_FILE_BYTES = 64L << 20;

    private static final JsonMapper MAPPER =
            JsonMapper.builder(
                            JsonFactory.builder()
                                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                                    .build())
                    .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                    .build();

    private Json() {}

    /** Reads a file that holds one object. */
    static ObjectNode read(Path file) {
        try {
            if (Files.size(file) > MAX_FILE_BYTES) {
                throw new CheckpointException(file, "too large for a JSON file of a checkpoint");
            }
            return object(file, "the file", Files.readAllBytes(file));
        } catch (NoSuchFileException e) {
            throw new CheckpointException(file, "no such file", e);
        } catch (IOException e) {
            throw new CheckpointException(file, "cannot be read: " + e.getMessage(), e);
        }
    }

    /** Parses one object; {@code what} names the bytes in errors. */
    static ObjectNode object(Path file, String what, byte[] utf8) {
        try {
            String text =
                    StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(utf8)).toString();
            JsonNode node = MAPPER.readTree(text);
            if (node instanceof ObjectNode object) {
                return object;
            }
            throw new CheckpointException(file, what + " is not a JSON object");
        } catch (CharacterCodingException e) {
            throw new CheckpointException(file, what + " is not UTF-8 text", e);
        } catch (JacksonException e) {
            throw new CheckpointException(
                    file, what + " is not valid JSON: " + e.getOriginalMessage(), e);
        }
    }
}
