package io.sparktts.model;

import io.sparktts.backend.DType;
import io.sparktts.backend.HostTensor;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.stream.IntStream;

/**
 * Random weights of any Qwen2 shape: normally distributed, scaled by 1/sqrt(fan-in) so that
 * activations keep their size through all layers; norms near 1, small biases. Each tensor depends
 * on the seed and its name alone.
 */
public final class SyntheticWeights implements WeightSource {
    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;

    /** Standard deviation of the sum of four 16-bit uniform numbers. */
    private static final double SUM_DEVIATION = Math.sqrt(4 * (0x1p32 - 1) / 12);

    private final Qwen2Config config;
    private final long seed;

    public SyntheticWeights(Qwen2Config config, long seed) {
        this.config = config;
        this.seed = seed;
    }

    @Override
    public HostTensor tensor(String name, Arena arena) {
        long[] shape = shape(name);
        double columns = shape[shape.length - 1];
        double deviation = shape.length == 1 ? 0.1 : 1 / Math.sqrt(columns);
        return normal(arena, seed, name, name.contains("norm") ? 1 : 0, deviation, shape);
    }

    /**
     * A normally distributed tensor in F32 that depends on all but the arena.
     *
     * @param arena shared, since rows are filled in parallel
     */
    static HostTensor normal(
            Arena arena, long seed, String name, float center, double deviation, long... shape) {
        HostTensor t = HostTensor.allocate(arena, DType.F32, shape);
        int rows = shape.length == 1 ? 1 : Math.toIntExact(shape[0]);
        int columns = Math.toIntExact(t.elements() / rows);
        float scale = (float) (deviation / SUM_DEVIATION);
        MemorySegment data = t.data();
        long stream = mix(seed ^ name.hashCode() * 0x9E3779B97F4A7C15L);
        IntStream.range(0, rows)
                .parallel()
                .forEach(
                        row -> {
                            long state = mix(stream + row * 0xD1B54A32D192ED03L);
                            long at = 4L * row * columns;
                            for (int i = 0; i < columns; i++) {
                                state += 0x9E3779B97F4A7C15L;
                                data.set(FLOAT, at + 4L * i, center + scale * normal(mix(state)));
                            }
                        });
        return t;
    }

    /** A nearly normal number: the centred sum of the word's four 16-bit parts (Irwin-Hall). */
    private static float normal(long word) {
        return (word & 0xffff)
                + (word >>> 16 & 0xffff)
                + (word >>> 32 & 0xffff)
                + (word >>> 48)
                - 131_070f;
    }

    /** The finaliser of SplitMix64 (Steele, Lea and Flood 2014). */
    private static long mix(long z) {
        z = (z ^ z >>> 30) * 0xBF58476D1CE4E5B9L;
        z = (z ^ z >>> 27) * 0x94D049BB133111EBL;
        return z ^ z >>> 31;
    }

    private long[] shape(String name) {
        int hidden = config.hiddenSize();
        int query = config.heads() * config.headDim();
        int keyValue = config.kvHeads() * config.headDim();
        int inner = config.intermediateSize();
        if (name.equals("model.embed_tokens.weight") || name.equals("lm_head.weight")) {
            return new long[] {config.vocabSize(), hidden};
        }
        String tail = name.substring(name.lastIndexOf('.', name.lastIndexOf('.') - 1) + 1);
        return switch (tail) {
            case "input_layernorm.weight", "post_attention_layernorm.weight", "norm.weight" ->
                    new long[] {hidden};
            case "q_proj.weight" -> new long[] {query, hidden};
            case "k_proj.weight", "v_proj.weight" -> new long[] {keyValue, hidden};
            case "q_proj.bias" -> new long[] {query};
            case "k_proj.bias", "v_proj.bias" -> new long[] {keyValue};
            case "o_proj.weight" -> new long[] {hidden, query};
            case "gate_proj.weight", "up_proj.weight" -> new long[] {inner, hidden};
            case "down_proj.weight" -> new long[] {hidden, inner};
            default -> throw new IllegalArgumentException("Qwen2 has no tensor " + name);
        };
    }
}
