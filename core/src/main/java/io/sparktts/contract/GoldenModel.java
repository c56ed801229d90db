package io.sparktts.contract;

import io.sparktts.backend.DType;
import io.sparktts.backend.ModelWeights;
import io.sparktts.backend.Tensor;
import io.sparktts.model.Qwen2;
import io.sparktts.model.Qwen2Config;
import io.sparktts.model.RotaryTable;

import tools.jackson.databind.JsonNode;

import java.nio.file.Path;

/** Loads a tiny Qwen2 checkpoint for a golden check. */
final class GoldenModel {
    private GoldenModel() {}

    /**
     * The weights in {@code dtype}; they belong to the bench.
     *
     * @param positions at least as many as the check needs
     * @param roundedFrequencies with RoPE's inverse frequencies rounded to bfloat16, as they are in
     *     a PyTorch model that was converted to that dtype as a whole, buffers included
     */
    static ModelWeights load(
            Bench b, Path directory, DType dtype, int positions, boolean roundedFrequencies) {
        Qwen2Config config = config(directory.resolve("config.json"), positions);
        try (GoldenFile f = GoldenFile.open(directory.resolve("model.safetensors"))) {
            ModelWeights m =
                    b.own(Qwen2.load(b.device, config, (name, arena) -> f.tensor(name), dtype))
                            .weights();
            return roundedFrequencies ? withRoundedFrequencies(b, m, config) : m;
        }
    }

    private static ModelWeights withRoundedFrequencies(
            Bench b, ModelWeights m, Qwen2Config config) {
        float[] frequencies = RotaryTable.inverseFrequencies(config.headDim(), config.ropeTheta());
        for (int j = 0; j < frequencies.length; j++) {
            frequencies[j] = DType.bf16ToFloat(DType.floatToBf16(frequencies[j]));
        }
        DType type = m.cos().dtype();
        double[] c = RowWorkloads.widen(RotaryTable.cos(config.maxPositions(), frequencies));
        double[] s = RowWorkloads.widen(RotaryTable.sin(config.maxPositions(), frequencies));
        Tensor cos = b.upload(type, c, config.maxPositions(), frequencies.length);
        Tensor sin = b.upload(type, s, config.maxPositions(), frequencies.length);
        return new ModelWeights(
                m.shape(),
                m.dtype(),
                m.rmsNormEpsilon(),
                m.embedding(),
                m.layers(),
                m.finalNorm(),
                m.head(),
                null,
                cos,
                sin);
    }

    /** Older files have {@code rope_theta} at the top, newer ones under {@code rope_parameters}. */
    private static Qwen2Config config(Path path, int positions) {
        JsonNode json = GoldenFile.json(path);
        JsonNode rope = json.has("rope_parameters") ? json.get("rope_parameters") : json;
        int heads = number(json, "num_attention_heads", path);
        int hidden = number(json, "hidden_size", path);
        return new Qwen2Config(
                hidden,
                number(json, "num_hidden_layers", path),
                heads,
                number(json, "num_key_value_heads", path),
                json.has("head_dim") ? number(json, "head_dim", path) : hidden / heads,
                number(json, "intermediate_size", path),
                number(json, "vocab_size", path),
                positions,
                GoldenFile.member(json, "rms_norm_eps", path).asDouble(),
                GoldenFile.member(rope, "rope_theta", path).asDouble(),
                GoldenFile.member(json, "tie_word_embeddings", path).asBoolean(),
                -1,
                -1);
    }

    private static int number(JsonNode json, String name, Path path) {
        return GoldenFile.member(json, name, path).asInt();
    }
}
