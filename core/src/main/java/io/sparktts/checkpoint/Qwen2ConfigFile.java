package io.sparktts.checkpoint;

import io.sparktts.model.Qwen2Config;

import org.jspecify.annotations.Nullable;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

import java.nio.file.Path;
import java.util.Set;

/**
 * The {@code config.json} of a Qwen2 model, in the spelling of transformers 4 ({@code rope_theta},
 * {@code torch_dtype}) or 5 ({@code rope_parameters}, {@code dtype}).
 */
final class Qwen2ConfigFile {
    private static final Set<String> DTYPES =
            Set.of("float64", "float32", "float16", "bfloat16", "auto");

    private final Path file;
    private final ObjectNode root;

    private Qwen2ConfigFile(Path file) {
        this.file = file;
        this.root = Json.read(file);
    }

    static Qwen2Config read(Path file) {
        return new Qwen2ConfigFile(file).config();
    }

    private Qwen2Config config() {
        checkKind();
        int hidden = integer("hidden_size");
        int heads = integer("num_attention_heads");
        try {
            return new Qwen2Config(
                    hidden,
                    integer("num_hidden_layers"),
                    heads,
                    integer("num_key_value_heads"),
                    present("head_dim") ? integer("head_dim") : headDim(hidden, heads),
                    integer("intermediate_size"),
                    integer("vocab_size"),
                    integer("max_position_embeddings"),
                    number(root, "rms_norm_eps"),
                    ropeTheta(),
                    bool("tie_word_embeddings"),
                    tokenId("bos_token_id"),
                    tokenId("eos_token_id"));
        } catch (IllegalArgumentException e) {
            throw new CheckpointException(file, String.valueOf(e.getMessage()), e);
        }
    }

    /** Refuses what would compute something else than the Qwen2 implemented here. */
    private void checkKind() {
        expect(root, "model_type", "qwen2");
        expect(root, "hidden_act", "silu");
        if (present("use_sliding_window") && bool("use_sliding_window")) {
            throw error("use_sliding_window true is not supported");
        }
        JsonNode types = root.path("layer_types");
        boolean full =
                types.isArray()
                        && types.values().stream()
                                .allMatch(
                                        t ->
                                                t.isString()
                                                        && t.stringValue()
                                                                .equals("full_attention"));
        if (present("layer_types") && !full) {
            throw error("layer_types " + types + " is not supported; valid: full_attention alone");
        }
        for (String key : new String[] {"dtype", "torch_dtype"}) {
            if (present(key) && !DTYPES.contains(string(root, key))) {
                throw error(key + " '" + string(root, key) + "' is not supported");
            }
        }
    }

    private int headDim(int hidden, int heads) {
        if (heads <= 0 || hidden % heads != 0) {
            throw error(
                    "hidden_size " + hidden + " is not a multiple of num_attention_heads " + heads);
        }
        return hidden / heads;
    }

    private double ropeTheta() {
        ObjectNode parameters = optionalObject("rope_parameters");
        ObjectNode scaling = optionalObject("rope_scaling");
        for (ObjectNode rope : new @Nullable ObjectNode[] {parameters, scaling}) {
            // "type" is the spelling of older versions
            for (String key : new String[] {"rope_type", "type"}) {
                if (rope != null && rope.has(key)) {
                    expect(rope, key, "default");
                }
            }
        }
        if (parameters == null || !parameters.has("rope_theta")) {
            return number(root, "rope_theta");
        }
        double theta = number(parameters, "rope_theta");
        if (present("rope_theta") && number(root, "rope_theta") != theta) {
            throw error(
                    "rope_theta "
                            + number(root, "rope_theta")
                            + " contradicts rope_parameters "
                            + parameters);
        }
        return theta;
    }

    private boolean present(String key) {
        return root.hasNonNull(key);
    }

    private @Nullable ObjectNode optionalObject(String key) {
        if (!present(key)) {
            return null;
        }
        if (root.get(key) instanceof ObjectNode object) {
            return object;
        }
        throw wrongType(key, root.get(key), "an object");
    }

    private JsonNode required(ObjectNode node, String key) {
        JsonNode value = node.get(key);
        if (value == null) {
            throw error("no " + key);
        }
        return value;
    }

    private int integer(String key) {
        JsonNode value = required(root, key);
        if (!value.isIntegralNumber() || !value.canConvertToInt()) {
            throw wrongType(key, value, "an integer below 2^31");
        }
        return value.intValue();
    }

    private int tokenId(String key) {
        if (!present(key)) {
            return -1;
        }
        int id = integer(key);
        if (id < 0) {
            throw wrongType(key, root.get(key), "a token id");
        }
        return id;
    }

    private double number(ObjectNode node, String key) {
        JsonNode value = required(node, key);
        if (!value.isNumber() || !Double.isFinite(value.doubleValue())) {
            throw wrongType(key, value, "a finite number");
        }
        return value.doubleValue();
    }

    private boolean bool(String key) {
        JsonNode value = required(root, key);
        if (!value.isBoolean()) {
            throw wrongType(key, value, "true or false");
        }
        return value.booleanValue();
    }

    private String string(ObjectNode node, String key) {
        JsonNode value = required(node, key);
        if (!value.isString()) {
            throw wrongType(key, value, "a string");
        }
        return value.stringValue();
    }

    private void expect(ObjectNode node, String key, String valid) {
        String value = string(node, key);
        if (!value.equals(valid)) {
            throw error(key + " '" + value + "' is not supported; valid: " + valid);
        }
    }

    private CheckpointException wrongType(String key, @Nullable JsonNode value, String valid) {
        return error(key + " is " + value + ", not " + valid);
    }

    private CheckpointException error(String problem) {
        return new CheckpointException(file, problem);
    }
}
