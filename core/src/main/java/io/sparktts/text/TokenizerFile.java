package io.sparktts.text;

import org.jspecify.annotations.Nullable;

import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
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
        try (JsonParser parser = JsonMapper.shared().createParser(json)) {
            return read(file, json, parser);
        } catch (JacksonException e) {
            throw new TokenizerException(file, "not valid JSON: " + e.getOriginalMessage(), e);
        }
    }

    /** In one pass, which keeps nothing of the merges: they are most of the file. */
    private static TokenizerFile read(Path file, String json, JsonParser parser) {
        if (parser.nextToken() != JsonToken.START_OBJECT) {
            throw new TokenizerException(file, "not a JSON object");
        }
        Map<String, Integer> vocabulary = null;
        JsonNode added = null;
        String plainJson = json;
        for (String name = parser.nextName(); name != null; name = parser.nextName()) {
            parser.nextToken();
            if (name.equals("model")) {
                vocabulary = once(file, name, vocabulary, model(file, parser));
            } else if (name.equals("added_tokens")) {
                int from = (int) parser.currentTokenLocation().getCharOffset();
                added = once(file, name, added, parser.readValueAsTree());
                int to = (int) parser.currentLocation().getCharOffset();
                plainJson = json.substring(0, from) + "[]" + json.substring(to);
            } else {
                parser.skipChildren();
            }
        }
        if (parser.nextToken() != null) {
            throw new TokenizerException(file, "not valid JSON: it goes on after its end");
        }
        if (vocabulary == null) {
            throw new TokenizerException(file, "no vocabulary (model.vocab)");
        }
        return new TokenizerFile(json, plainJson, vocabulary, added(file, added, vocabulary));
    }

    /** What was left out of the plain JSON must have been all there is. */
    private static <T> T once(Path file, String name, @Nullable T before, T now) {
        if (before != null) {
            throw new TokenizerException(file, name + " stands twice");
        }
        return now;
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

    /** The vocabulary of a model, at whose value the parser is. */
    private static Map<String, Integer> model(Path file, JsonParser parser) {
        Map<String, Integer> ids = null;
        if (parser.currentToken() == JsonToken.START_OBJECT) {
            for (String name = parser.nextName(); name != null; name = parser.nextName()) {
                boolean object = parser.nextToken() == JsonToken.START_OBJECT;
                if (name.equals("vocab") && object) {
                    ids = once(file, "model.vocab", ids, vocabulary(file, parser));
                } else {
                    parser.skipChildren();
                }
            }
        }
        if (ids == null) {
            throw new TokenizerException(file, "no vocabulary (model.vocab)");
        }
        return Collections.unmodifiableMap(ids);
    }

    private static Map<String, Integer> vocabulary(Path file, JsonParser parser) {
        Map<String, Integer> ids = new HashMap<>();
        for (String token = parser.nextName(); token != null; token = parser.nextName()) {
            boolean number = parser.nextToken() == JsonToken.VALUE_NUMBER_INT;
            boolean fits = number && parser.getNumberType() == JsonParser.NumberType.INT;
            int id = fits ? parser.getIntValue() : -1;
            if (id < 0) {
                throw notAnId(file, token, parser.getString());
            }
            ids.put(token, id);
        }
        return ids;
    }

    /**
     * The library numbers added tokens itself, upwards from the size of the vocabulary, whatever
     * the file says; a file that says something else would be read wrongly without a word.
     */
    private static Map<String, Integer> added(
            Path file, @Nullable JsonNode tokens, Map<String, Integer> vocabulary) {
        Map<String, Integer> ids = new LinkedHashMap<>();
        int next = vocabulary.size();
        for (JsonNode token : tokens == null ? List.<JsonNode>of() : tokens.values()) {
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
            throw notAnId(file, token, id.toString());
        }
        return id.intValue();
    }

    private static TokenizerException notAnId(Path file, String token, String id) {
        return new TokenizerException(
                file, "token " + token + " has the id " + id + ", not an integer from 0");
    }
}
