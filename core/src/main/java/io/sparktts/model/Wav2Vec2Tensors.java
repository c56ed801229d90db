package io.sparktts.model;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;

/**
 * Names and shapes of the tensors of wav2vec2 that features need, without the prefix {@code
 * wav2vec2.} and with weight norm folded: what a checkpoint is checked for and what synthetic
 * weights are made of.
 */
public final class Wav2Vec2Tensors {
    private static final String LAYERS = "encoder.layers.";

    /** What only pre-training and the last layers need. */
    private static final List<String> UNUSED =
            List.of(
                    "masked_spec_embed",
                    "encoder.layer_norm.",
                    "quantizer.",
                    "project_hid.",
                    "project_q.");

    private final BiConsumer<String, long[]> visitor;

    private Wav2Vec2Tensors(BiConsumer<String, long[]> visitor) {
        this.visitor = visitor;
    }

    /**
     * Visits each tensor's name and shape.
     *
     * @param visitor may throw to stop
     */
    public static void forEach(Wav2Vec2Config config, BiConsumer<String, long[]> visitor) {
        Wav2Vec2Tensors t = new Wav2Vec2Tensors(visitor);
        t.convolutions(config);
        t.projection(config);
        for (int i = 0; i < config.usedLayers(); i++) {
            t.transformerLayer(LAYERS + i + ".", config);
        }
    }

    /** All of them at once. */
    public static Map<String, long[]> all(Wav2Vec2Config config) {
        Map<String, long[]> all = new LinkedHashMap<>();
        forEach(config, all::put);
        return all;
    }

    /** Whether the published checkpoint has such a tensor, though features do not need it. */
    public static boolean isUnused(String name, Wav2Vec2Config config) {
        for (int i = config.usedLayers(); i < config.layers() && name.startsWith(LAYERS); i++) {
            if (name.startsWith(LAYERS + i + ".")) {
                return true;
            }
        }
        return UNUSED.stream().anyMatch(name::startsWith);
    }

    /** Whether the published checkpoint has a tensor as a pair of gain and direction. */
    public static boolean isWeightNormed(String name) {
        return name.equals("encoder.pos_conv_embed.conv.weight");
    }

    private void convolutions(Wav2Vec2Config c) {
        int inputs = 1;
        for (int i = 0; i < c.convDims().size(); i++) {
            String block = "feature_extractor.conv_layers." + i + ".";
            int outputs = c.convDims().get(i);
            layer(block + "conv", outputs, inputs, c.convKernels().get(i));
            layer(block + "layer_norm", outputs);
            inputs = outputs;
        }
    }

    private void projection(Wav2Vec2Config c) {
        int inputs = c.convDims().getLast();
        int hidden = c.hiddenSize();
        layer("feature_projection.layer_norm", inputs);
        layer("feature_projection.projection", hidden, inputs);
        layer(
                "encoder.pos_conv_embed.conv",
                hidden,
                hidden / c.positionalGroups(),
                c.positionalKernel());
    }

    private void transformerLayer(String prefix, Wav2Vec2Config c) {
        int hidden = c.hiddenSize();
        for (String projection : new String[] {"q_proj", "k_proj", "v_proj", "out_proj"}) {
            layer(prefix + "attention." + projection, hidden, hidden);
        }
        layer(prefix + "layer_norm", hidden);
        layer(prefix + "feed_forward.intermediate_dense", c.intermediateSize(), hidden);
        layer(prefix + "feed_forward.output_dense", hidden, c.intermediateSize());
        layer(prefix + "final_layer_norm", hidden);
    }

    /** A weight, and a bias as long as its first extent. */
    private void layer(String name, long... weight) {
        visitor.accept(name + ".weight", weight);
        visitor.accept(name + ".bias", new long[] {weight[0]});
    }
}
