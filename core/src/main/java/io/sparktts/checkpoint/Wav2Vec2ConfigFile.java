package io.sparktts.checkpoint;

import io.sparktts.model.Wav2Vec2Config;

import java.nio.file.Path;

/** The {@code config.json} of a wav2vec2 model. */
final class Wav2Vec2ConfigFile {
    private Wav2Vec2ConfigFile() {}

    static Wav2Vec2Config read(Path file) {
        ConfigSection root = ConfigSection.ofJson(file);
        root.expect("model_type", "wav2vec2");
        root.expect("do_stable_layer_norm", true);
        root.expect("feat_extract_norm", "layer");
        root.expect("feat_extract_activation", "gelu");
        root.expect("hidden_act", "gelu");
        root.expect("conv_bias", true);
        return root.checked(
                () ->
                        new Wav2Vec2Config(
                                root.integer("hidden_size"),
                                root.integer("num_hidden_layers"),
                                root.integer("num_attention_heads"),
                                root.integer("intermediate_size"),
                                root.number("layer_norm_eps"),
                                root.integers("conv_dim"),
                                root.integers("conv_kernel"),
                                root.integers("conv_stride"),
                                root.integer("num_conv_pos_embeddings"),
                                root.integer("num_conv_pos_embedding_groups")));
    }
}
