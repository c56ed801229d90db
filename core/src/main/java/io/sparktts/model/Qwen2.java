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

import java.lang.foreign.Arena;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/** The Qwen2 language model of Spark-TTS on one device: weights in the device's own layout. */
public final class Qwen2 implements AutoCloseable {
    private final Device device;
    private final Qwen2Config config;
    private final ModelWeights weights;

    private Qwen2(Device device, Qwen2Config config, ModelWeights weights) {
        this.device = device;
        this.config = config;
        this.weights = weights;
    }

    /**
     * Brings a model to a device, tensor by tensor: each source is released once it is packed. A
     * failure frees what was loaded.
     *
     * @param dtype what to compute in; other stored dtypes are rounded once
     */
    public static Qwen2 load(Device device, Qwen2Config config, WeightSource source, DType dtype) {
        Loader loader = new Loader(device, source, dtype);
        try {
            return new Qwen2(device, config, loader.load(config));
        } catch (RuntimeException | Error e) {
            loader.free();
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
        return new Qwen2Session(this, variants, slots, capacity, sampling);
    }

    @Override
    public void close() {
        weights.close();
    }

    private static final class Loader {
        private final Device device;
        private final WeightSource source;
        private final DType dtype;
        private final Deque<AutoCloseable> loaded = new ArrayDeque<>();

        Loader(Device device, WeightSource source, DType dtype) {
            this.device = device;
            this.source = source;
            this.dtype = dtype;
        }

        ModelWeights load(Qwen2Config c) {
            Weight embedding = weight(WeightRole.EMBEDDING, "model.embed_tokens.weight");
            List<LayerWeights> layers = new ArrayList<>();
            for (int i = 0; i < c.layers(); i++) {
                layers.add(layer("model.layers." + i + "."));
            }
            Tensor norm = vector("model.norm.weight");
            Weight head = c.tiedHead() ? embedding : weight(WeightRole.LINEAR, "lm_head.weight");
            AttentionShape shape = new AttentionShape(c.heads(), c.kvHeads(), c.headDim());
            return new ModelWeights(
                    shape,
                    dtype,
                    c.rmsNormEps(),
                    embedding,
                    layers,
                    norm,
                    head,
                    table(RotaryTable.cos(c.maxPositions(), c.headDim(), c.ropeTheta()), c),
                    table(RotaryTable.sin(c.maxPositions(), c.headDim(), c.ropeTheta()), c));
        }

        private LayerWeights layer(String prefix) {
            String attention = prefix + "self_attn.";
            String mlp = prefix + "mlp.";
            return new LayerWeights(
                    vector(prefix + "input_layernorm.weight"),
                    weight(
                            WeightRole.QKV,
                            attention + "q_proj.weight",
                            attention + "k_proj.weight",
                            attention + "v_proj.weight"),
                    vector(
                            attention + "q_proj.bias",
                            attention + "k_proj.bias",
                            attention + "v_proj.bias"),
                    weight(WeightRole.LINEAR, attention + "o_proj.weight"),
                    vector(prefix + "post_attention_layernorm.weight"),
                    weight(WeightRole.GATE_UP, mlp + "gate_proj.weight", mlp + "up_proj.weight"),
                    weight(WeightRole.LINEAR, mlp + "down_proj.weight"));
        }

        private Weight weight(WeightRole role, String... names) {
            try (Arena arena = Arena.ofShared()) {
                List<HostTensor> parts = new ArrayList<>();
                for (String name : names) {
                    parts.add(source.tensor(name, arena));
                }
                return keep(device.prepare(role, dtype, parts));
            }
        }

        /** One device vector of all the named ones, joined. */
        private Tensor vector(String... names) {
            try (Arena arena = Arena.ofShared()) {
                List<HostTensor> parts = new ArrayList<>();
                long n = 0;
                for (String name : names) {
                    HostTensor part = source.tensor(name, arena);
                    parts.add(part);
                    n += part.elements();
                }
                HostTensor joined = HostTensor.allocate(arena, dtype, n);
                long at = 0;
                for (HostTensor part : parts) {
                    for (long i = 0; i < part.elements(); i++) {
                        joined.set(at++, part.get(i));
                    }
                }
                return keep(device.upload(joined, dtype));
            }
        }

        private Tensor table(float[] values, Qwen2Config c) {
            try (Arena arena = Arena.ofConfined()) {
                DType type = dtype == DType.F64 ? DType.F64 : DType.F32;
                HostTensor host =
                        HostTensor.allocate(arena, type, c.maxPositions(), c.headDim() / 2);
                for (int i = 0; i < values.length; i++) {
                    host.set(i, values[i]);
                }
                return keep(device.upload(host, type));
            }
        }

        private <T extends AutoCloseable> T keep(T resource) {
            loaded.push(resource);
            return resource;
        }

        void free() {
            for (AutoCloseable c : loaded) {
                try {
                    c.close();
                } catch (Exception e) {
                    throw new IllegalStateException("freeing a half-loaded model failed", e);
                }
            }
        }
    }
}
