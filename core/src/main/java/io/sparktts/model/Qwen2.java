package io.sparktts.model;

import io.sparktts.backend.AttentionShape;
import io.sparktts.backend.DType;
import io.sparktts.backend.Device;
import io.sparktts.backend.HostTensor;
import io.sparktts.backend.LayerWeights;
import io.sparktts.backend.ModelWeights;
import io.sparktts.backend.Sampling;
import io.sparktts.backend.Tensor;
import io.sparktts.backend.Variants;
import io.sparktts.backend.Weight;
import io.sparktts.backend.WeightRole;

import org.jspecify.annotations.Nullable;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;

/** The Qwen2 language model of Spark-TTS on one device: weights in the device's own layout. */
public final class Qwen2 implements AutoCloseable {
    private static final String EMBEDDING = "model.embed_tokens.weight";
    private static final String HEAD = "lm_head.weight";

    private final Device device;
    private final Qwen2Config config;
    private final WeightSource source;
    private final ModelWeights weights;

    private Qwen2(Device device, Qwen2Config config, WeightSource source, ModelWeights weights) {
        this.device = device;
        this.config = config;
        this.source = source;
        this.weights = weights;
    }

    /**
     * Brings a model to a device, tensor by tensor: each source is released once it is packed. A
     * failure frees what was loaded.
     *
     * @param dtype what to compute in; other stored dtypes are rounded once
     */
    public static Qwen2 load(Device device, Qwen2Config config, WeightSource source, DType dtype) {
        WeightLoader loader = new WeightLoader(device, source, dtype);
        try {
            return new Qwen2(device, config, source, load(loader, config));
        } catch (RuntimeException | Error e) {
            loader.close();
            throw e;
        }
    }

    /** The device the weights are on. */
    public Device device() {
        return device;
    }

    /** Sizes and constants. */
    public Qwen2Config config() {
        return config;
    }

    /** The weights. */
    public ModelWeights weights() {
        return weights;
    }

    /** What activations are computed in. */
    public DType dtype() {
        return weights.dtype();
    }

    /**
     * A session: a cache for {@code slots} sequences of up to {@code capacity} tokens each.
     *
     * @param variants which variant of each operation to run
     * @param sampling how tokens are chosen
     */
    public Qwen2Session session(Variants variants, int slots, int capacity, Sampling sampling) {
        return session(variants, slots, capacity, sampling, new int[0], null);
    }

    /**
     * As above.
     *
     * @param forbidden tokens that are never chosen
     * @param choices the tokens to choose from, which outlive the session; null for all
     */
    public Qwen2Session session(
            Variants variants,
            int slots,
            int capacity,
            Sampling sampling,
            int[] forbidden,
            @Nullable RestrictedVocabulary choices) {
        return new Qwen2Session(this, variants, slots, capacity, sampling, forbidden, choices);
    }

    /**
     * Reads the rows of some tokens once more, while the checkpoint is open.
     *
     * @param ids in ascending order
     */
    public RestrictedVocabulary restrict(int[] ids) {
        WeightLoader loader = new WeightLoader(device, source, dtype());
        return new RestrictedVocabulary(
                ids, loader, EMBEDDING, config.tiedHead() ? EMBEDDING : HEAD);
    }

    @Override
    public void close() {
        weights.close();
    }

    private static ModelWeights load(WeightLoader loader, Qwen2Config c) {
        Weight embedding = loader.weight(WeightRole.EMBEDDING, EMBEDDING);
        List<LayerWeights> layers = new ArrayList<>();
        for (int i = 0; i < c.layers(); i++) {
            layers.add(layer(loader, "model.layers." + i + "."));
        }
        Tensor norm = loader.vector("model.norm.weight");
        Weight head = c.tiedHead() ? embedding : loader.weight(WeightRole.LINEAR, HEAD);
        return new ModelWeights(
                new AttentionShape(c.heads(), c.kvHeads(), c.headDim()),
                loader.dtype(),
                c.rmsNormEps(),
                embedding,
                layers,
                norm,
                head,
                null,
                table(loader, RotaryTable.cos(c.maxPositions(), c.headDim(), c.ropeTheta()), c),
                table(loader, RotaryTable.sin(c.maxPositions(), c.headDim(), c.ropeTheta()), c));
    }

    private static LayerWeights layer(WeightLoader loader, String prefix) {
        String attention = prefix + "self_attn.";
        String mlp = prefix + "mlp.";
        return new LayerWeights(
                loader.vector(prefix + "input_layernorm.weight"),
                loader.weight(
                        WeightRole.QKV,
                        attention + "q_proj.weight",
                        attention + "k_proj.weight",
                        attention + "v_proj.weight"),
                loader.vector(
                        attention + "q_proj.bias",
                        attention + "k_proj.bias",
                        attention + "v_proj.bias"),
                loader.weight(WeightRole.LINEAR, attention + "o_proj.weight"),
                loader.vector(prefix + "post_attention_layernorm.weight"),
                loader.weight(WeightRole.GATE_UP, mlp + "gate_proj.weight", mlp + "up_proj.weight"),
                loader.weight(WeightRole.LINEAR, mlp + "down_proj.weight"));
    }

    private static Tensor table(WeightLoader loader, float[] values, Qwen2Config c) {
        try (Arena arena = Arena.ofConfined()) {
            DType type = loader.dtype() == DType.F64 ? DType.F64 : DType.F32;
            HostTensor host = HostTensor.ofFloats(arena, values, c.maxPositions(), c.headDim() / 2);
            return loader.keep(loader.device().upload(host, type));
        }
    }
}
