package io.sparktts.harness.speech;

import io.sparktts.harness.UserError;
import io.sparktts.speech.Voice;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

import java.nio.file.Path;

/**
 * A voice as JSON: {@code globalTokens}, and with a transcript {@code semanticTokens} and {@code
 * text}.
 */
final class VoiceFile {
    private VoiceFile() {}

    static void write(Path file, Voice.Clip voice) {
        ObjectNode json = JsonMapper.shared().createObjectNode();
        add(json.putArray("globalTokens"), voice.globalTokens());
        if (voice.text() != null) {
            add(json.putArray("semanticTokens"), voice.semanticTokens());
            json.put("text", voice.text());
        }
        JsonFile.write(file, json);
    }

    static Voice.Clip read(Path file) {
        JsonNode json = JsonFile.read(file);
        int[] global = tokens(file, json, "globalTokens");
        if (global.length == 0) {
            throw UserError.usage(file + ": no voice: 'globalTokens' is missing or empty");
        }
        JsonNode text = json.get("text");
        if (text != null && !text.isString()) {
            throw UserError.usage(file + ": 'text' is not a string");
        }
        try {
            return new Voice.Clip(
                    global,
                    tokens(file, json, "semanticTokens"),
                    text == null ? null : text.stringValue());
        } catch (IllegalArgumentException e) {
            throw UserError.usage(file + ": " + e.getMessage());
        }
    }

    private static int[] tokens(Path file, JsonNode json, String name) {
        JsonNode array = json.get(name);
        if (array == null) {
            return new int[0];
        }
        if (!array.isArray()) {
            throw UserError.usage(file + ": '" + name + "' is not a list");
        }
        int[] out = new int[array.size()];
        for (int i = 0; i < out.length; i++) {
            JsonNode n = array.get(i);
            if (!n.isIntegralNumber() || !n.canConvertToInt()) {
                throw UserError.usage(file + ": '" + name + "' holds " + n + ", not an integer");
            }
            out[i] = n.intValue();
        }
        return out;
    }

    static void add(ArrayNode array, int[] values) {
        for (int v : values) {
            array.add(v);
        }
    }
}
