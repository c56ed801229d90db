package io.sparktts.text;

import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A {@code tokenizer.json} as text and what is read from it here.
 *
 * @param json the whole file
 * @param plainJson the same tokenizer without added tokens
 * @param vocabulary ids of the model's own tokens, spelled in the byte alphabet
 * @param added ids of added tokens by their spelling, in the file's order
 */
record TokenizerFile(
        String json,
        String plainJson,
        Map<String, Integer> vocabulary,
        Map<String, Integer> added) {
    /** The published file has 14 MB. */
    private static final long MAX_BYTES = 256L << 20;

    static TokenizerFile read(Path file) {
        String json = text(file);
        ObjectNode root = root(file, json);
        Map<String, Integer> vocabulary = vocabulary(file, root);
        Map<String, Integer> added = added(file, root, vocabulary);
        root.putArray("added_tokens");
        return new TokenizerFile(
                json, JsonMapper.shared().writeValueAsString(root), vocabulary, added);
    }

    private static String text(Path file) {
        try {
            if (Files.size(file) > MAX_BYTES) {
                throw new TokenizerException(file, "too large for a tokenizer.json");
            }
            return Files.readString(file);
        } catch (NoSuchFileException e) {
            throw new TokenizerException(file, "no such file", e);
        } catch (IOException e) {
            throw new TokenizerException(file, "cannot be read: " + e.getMessage(), e);
        }
    }

    private static ObjectNode root(Path file, String json) {
        try {
            if (JsonMapper.shared().readTree(json) instanceof ObjectNode object) {
                return object;
            }
            throw new TokenizerException(file, "not a JSON object");
        } catch (JacksonException e) {
            throw new TokenizerException(file, "not valid JSON: " + e.getOriginalMessage(), e);
        }
    }

    private static Map<String, Integer> vocabulary(Path file, ObjectNode root) {
        if (!(root.path("model").get("vocab") instanceof ObjectNode vocab)) {
            throw new TokenizerException(file, "no vocabulary (model.vocab)");
        }
        Map<String, Integer> ids = HashMap.newHashMap(vocab.size());
        for (Map.Entry<String, JsonNode> token : vocab.properties()) {
            ids.put(token.getKey(), id(file, token.getKey(), token.getValue()));
        }
        return Collections.unmodifiableMap(ids);
    }

    /**
     * The library numbers added tokens itself, upwards from the size of the vocabulary, whatever
     * the file says; a file that says something else would be read wrongly without a word.
     */
    private static Map<String, Integer> added(
            Path file, ObjectNode root, Map<String, Integer> vocabulary) {
        Map<String, Integer> ids = new LinkedHashMap<>();
        int next = vocabulary.size();
        for (JsonNode token : root.path("added_tokens").values()) {
            String content = token.path("content").stringValue("");
            if (content.isEmpty()) {
                throw new TokenizerException(file, "an added token has no content");
            }
            int id = id(file, content, token.path("id"));
            int expected = vocabulary.getOrDefault(content, next);
            if (id != expected) {
                throw new TokenizerException(
                        file,
                        "added token "
                                + content
                                + " has id "
                                + id
                                + ", but ids of added tokens continue the vocabulary: "
                                + expected);
            }
            if (ids.put(content, id) != null) {
                throw new TokenizerException(file, "added token " + content + " stands twice");
            }
            next = Math.max(next, id + 1);
        }
        return Collections.unmodifiableMap(ids);
    }

    private static int id(Path file, String token, JsonNode id) {
        if (!id.isIntegralNumber() || !id.canConvertToInt() || id.intValue() < 0) {
            throw new TokenizerException(
                    file, "token " + token + " has the id " + id + ", not an integer from 0");
        }
        return id.intValue();
    }
}
