package io.sparktts.checkpoint;

import org.jspecify.annotations.Nullable;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/** A section of a configuration file, read key by key; errors name the file and the key. */
final class ConfigSection {
    private final Path file;
    private final String prefix;
    private final ObjectNode node;
    private final boolean yaml;

    private ConfigSection(Path file, String prefix, ObjectNode node, boolean yaml) {
        this.file = file;
        this.prefix = prefix;
        this.node = node;
        this.yaml = yaml;
    }

    static ConfigSection ofJson(Path file) {
        return new ConfigSection(file, "", Json.read(file), false);
    }

    static ConfigSection ofYaml(Path file) {
        return new ConfigSection(file, "", Json.readYaml(file), true);
    }

    /** Whether there is such a key and its value is not null. */
    boolean present(String key) {
        return node.hasNonNull(key);
    }

    /** A value of any type; one that is missing is neither array nor object nor anything else. */
    JsonNode any(String key) {
        return node.path(key);
    }

    ConfigSection section(String key) {
        return asSection(key, required(key));
    }

    @Nullable ConfigSection optionalSection(String key) {
        return present(key) ? asSection(key, node.get(key)) : null;
    }

    private ConfigSection asSection(String key, @Nullable JsonNode value) {
        if (value instanceof ObjectNode object) {
            return new ConfigSection(file, prefix + key + ".", object, yaml);
        }
        throw wrongType(key, value, "an object");
    }

    int integer(String key) {
        JsonNode value = required(key);
        if (!isInt(value)) {
            throw wrongType(key, value, "an integer below 2^31");
        }
        return value.intValue();
    }

    List<Integer> integers(String key) {
        JsonNode value = required(key);
        if (!value.isArray() || !value.values().stream().allMatch(ConfigSection::isInt)) {
            throw wrongType(key, value, "a list of integers below 2^31");
        }
        List<Integer> all = new ArrayList<>();
        value.values().forEach(v -> all.add(v.intValue()));
        return all;
    }

    private static boolean isInt(JsonNode value) {
        return value.isIntegralNumber() && value.canConvertToInt();
    }

    double number(String key) {
        JsonNode value = required(key);
        if (!value.isNumber() || !Double.isFinite(value.doubleValue())) {
            throw wrongType(key, value, "a finite number");
        }
        return value.doubleValue();
    }

    boolean bool(String key) {
        JsonNode value = required(key);
        // Python writes them with a capital, which Jackson takes for text
        if (yaml && value.isString() && value.stringValue().matches("True|False")) {
            return value.stringValue().equals("True");
        }
        if (!value.isBoolean()) {
            throw wrongType(key, value, "true or false");
        }
        return value.booleanValue();
    }

    String string(String key) {
        JsonNode value = required(key);
        if (!value.isString()) {
            throw wrongType(key, value, "a string");
        }
        return value.stringValue();
    }

    /** Refuses any other value. */
    void expect(String key, String valid) {
        String value = string(key);
        if (!value.equals(valid)) {
            throw unsupported(key, "'" + value + "'", valid);
        }
    }

    /** Refuses any other value. */
    void expect(String key, boolean valid) {
        if (bool(key) != valid) {
            throw unsupported(key, String.valueOf(!valid), String.valueOf(valid));
        }
    }

    /** Turns what a record refuses into an error of the file. */
    <T> T checked(Supplier<T> record) {
        try {
            return record.get();
        } catch (IllegalArgumentException e) {
            throw new CheckpointException(file, prefix + e.getMessage(), e);
        }
    }

    CheckpointException unsupported(String key, String value, String valid) {
        return error(key + " " + value + " is not supported; valid: " + valid);
    }

    CheckpointException wrongType(String key, @Nullable JsonNode value, String valid) {
        return error(key + " is " + value + ", not " + valid);
    }

    /**
     * @param problem beginning with the key
     */
    CheckpointException error(String problem) {
        return new CheckpointException(file, prefix + problem);
    }

    private JsonNode required(String key) {
        JsonNode value = node.get(key);
        if (value == null) {
            throw new CheckpointException(file, "no " + prefix + key);
        }
        return value;
    }

    @Override
    public String toString() {
        return node.toString();
    }
}
