package io.sparktts.model;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.BiConsumer;

/** Names and shapes of the tensors of a Qwen2. */
public final class Qwen2Tensors {
    private Qwen2Tensors() {}

    /**
     * Visits each tensor's name and shape.
     *
     * @param visitor may throw to stop
     */
    public static void forEach(Qwen2Config config, BiConsumer<String, long[]> visitor) {
        long hidden = config.hiddenSize();
        long query = (long) config.heads() * config.headDim();
        long keyValue = (long) config.kvHeads() * config.headDim();
        long inner = config.intermediateSize();
        visitor.accept("model.embed_tokens.weight", new long[] {config.vocabSize(), hidden});
        for (int i = 0; i < config.layers(); i++) {
            String layer = "model.layers." + i + ".";
            visitor.accept(layer + "input_layernorm.weight", new long[] {hidden});
            visitor.accept(layer + "self_attn.q_proj.weight", new long[] {query, hidden});
            visitor.accept(layer + "self_attn.q_proj.bias", new long[] {query});
            visitor.accept(layer + "self_attn.k_proj.weight", new long[] {keyValue, hidden});
            visitor.accept(layer + "self_attn.k_proj.bias", new long[] {keyValue});
            visitor.accept(layer + "self_attn.v_proj.weight", new long[] {keyValue, hidden});
            visitor.accept(layer + "self_attn.v_proj.bias", new long[] {keyValue});
            visitor.accept(layer + "self_attn.o_proj.weight", new long[] {hidden, query});
            visitor.accept(layer + "post_attention_layernorm.weight", new long[] {hidden});
            visitor.accept(layer + "mlp.gate_proj.weight", new long[] {inner, hidden});
            visitor.accept(layer + "mlp.up_proj.weight", new long[] {inner, hidden});
            visitor.accept(layer + "mlp.down_proj.weight", new long[] {hidden, inner});
        }
        visitor.accept("model.norm.weight", new long[] {hidden});
        if (!config.tiedHead()) {
            visitor.accept("lm_head.weight", new long[] {config.vocabSize(), hidden});
        }
    }

    /** All of them at once. */
    public static Map<String, long[]> all(Qwen2Config config) {
        Map<String, long[]> all = new LinkedHashMap<>();
        forEach(config, all::put);
        return all;
    }
}
