package io.sparktts.checkpoint;

import io.sparktts.model.Qwen2Config;

import org.jspecify.annotations.Nullable;

import tools.jackson.databind.JsonNode;

import java.nio.file.Path;
import java.util.Set;

/**
 * The {@code config.json} of a Qwen2 model, in the spelling of transformers 4 ({@code rope_theta},
 * {@code torch_dtype}) or 5 ({@code rope_parameters}, {@code dtype}).
 */
final class Qwen2ConfigFile {
    private static final Set<String> DTYPES =
            Set.of("float64", "float32", "float16", "bfloat16", "auto");

    private final ConfigSection root;

    private Qwen2ConfigFile(Path file) {
        this.root = ConfigSection.ofJson(file);
    }

    static Qwen2Config read(Path file) {
        return new Qwen2ConfigFile(file).config();
    }

    private Qwen2Config config() {
        checkKind();
        int hidden = root.integer("hidden_size");
        int heads = root.integer("num_attention_heads");
        return root.checked(
                () ->
                        new Qwen2Config(
                                hidden,
                                root.integer("num_hidden_layers"),
                                heads,
                                root.integer("num_key_value_heads"),
                                root.present("head_dim")
                                        ? root.integer("head_dim")
                                        : headDim(hidden, heads),
                                root.integer("intermediate_size"),
                                root.integer("vocab_size"),
                                root.integer("max_position_embeddings"),
                                root.number("rms_norm_eps"),
                                ropeTheta(),
                                root.bool("tie_word_embeddings"),
                                tokenId("bos_token_id"),
                                tokenId("eos_token_id")));
    }

    /** Refuses what would compute something else than the Qwen2 implemented here. */
    private void checkKind() {
        root.expect("model_type", "qwen2");
        root.expect("hidden_act", "silu");
        if (root.present("use_sliding_window")) {
            root.expect("use_sliding_window", false);
        }
        JsonNode types = root.any("layer_types");
        boolean full =
                types.isArray()
                        && types.values().stream()
                                .allMatch(
                                        t ->
                                                t.isString()
                                                        && t.stringValue()
                                                                .equals("full_attention"));
        if (root.present("layer_types") && !full) {
            throw root.unsupported("layer_types", types.toString(), "full_attention alone");
        }
        for (String key : new String[] {"dtype", "torch_dtype"}) {
            if (root.present(key) && !DTYPES.contains(root.string(key))) {
                throw root.error(key + " '" + root.string(key) + "' is not supported");
            }
        }
    }

    private int headDim(int hidden, int heads) {
        if (heads <= 0 || hidden % heads != 0) {
            throw root.error(
                    "hidden_size " + hidden + " is not a multiple of num_attention_heads " + heads);
        }
        return hidden / heads;
    }

    private double ropeTheta() {
        ConfigSection parameters = root.optionalSection("rope_parameters");
        ConfigSection scaling = root.optionalSection("rope_scaling");
        for (ConfigSection rope : new @Nullable ConfigSection[] {parameters, scaling}) {
            // "type" is the spelling of older versions
            for (String key : new String[] {"rope_type", "type"}) {
                if (rope != null && !rope.any(key).isMissingNode()) {
                    rope.expect(key, "default");
                }
            }
        }
        if (parameters == null || parameters.any("rope_theta").isMissingNode()) {
            return root.number("rope_theta");
        }
        double theta = parameters.number("rope_theta");
        if (root.present("rope_theta") && root.number("rope_theta") != theta) {
            throw root.error(
                    "rope_theta "
                            + root.number("rope_theta")
                            + " contradicts rope_parameters "
                            + parameters);
        }
        return theta;
    }

    private int tokenId(String key) {
        if (!root.present(key)) {
            return -1;
        }
        int id = root.integer(key);
        if (id < 0) {
            throw root.wrongType(key, root.any(key), "a token id");
        }
        return id;
    }
}
