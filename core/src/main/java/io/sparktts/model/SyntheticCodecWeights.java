package io.sparktts.model;

import io.sparktts.backend.HostTensor;

import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.Map;

/**
 * Random weights of a BiCodec or a wav2vec2 of any size, weight norm folded: normally distributed,
 * scaled so that activations keep their size and the waveform stays within (-1, 1) without
 * saturating; norms and snakes near 1, variances positive, small biases. Each tensor depends on the
 * seed and its name alone.
 */
public final class SyntheticCodecWeights implements WeightSource {
    private final Map<String, long[]> shapes;
    private final long seed;

    private SyntheticCodecWeights(Map<String, long[]> shapes, long seed) {
        this.shapes = shapes;
        this.seed = seed;
    }

    /** Weights of a BiCodec. */
    public static SyntheticCodecWeights biCodec(
            BiCodecConfig config, SpeakerSizes sizes, long seed) {
        return new SyntheticCodecWeights(BiCodecTensors.all(config, sizes), seed);
    }

    /** Weights of a wav2vec2, without the layers that features do not need. */
    public static SyntheticCodecWeights wav2vec2(Wav2Vec2Config config, long seed) {
        return new SyntheticCodecWeights(Wav2Vec2Tensors.all(config), seed);
    }

    /**
     * {@inheritDoc}
     *
     * @param arena shared, since rows are filled in parallel
     * @throws IllegalArgumentException if the model has no such tensor
     */
    @Override
    public HostTensor tensor(String name, Arena arena) {
        long[] shape = shapes.get(name);
        if (shape == null) {
            throw new IllegalArgumentException("the model has no tensor " + name);
        }
        return SyntheticWeights.normal(
                arena, seed, name, center(name, shape), deviation(name, shape), shape);
    }

    private static float center(String name, long[] shape) {
        if (name.endsWith(".norm.scale.bias") || name.endsWith("alpha")) {
            return 1;
        }
        if (name.endsWith("norm.gamma") || name.endsWith("running_var")) {
            return 1;
        }
        if (name.endsWith(".gamma")) {
            return 0.3f; // of a ConvNeXt block, which is one of many
        }
        // the only vectors of that name are of norms
        return shape.length == 1 && name.endsWith(".weight") ? 1 : 0;
    }

    private static double deviation(String name, long[] shape) {
        if (shape.length == 1 || name.endsWith("alpha")) {
            return 0.1;
        }
        if (name.endsWith("latents") || name.equals("quantizer.codebook.weight")) {
            return 1;
        }
        return gain(name) / Math.sqrt(fanIn(name, shape));
    }

    /** Inputs that an output is a sum of. */
    private static double fanIn(String name, long[] shape) {
        // transposed, and with two taps for each output as kernels are of two strides
        if (name.matches("decoder\\.model\\.\\d+\\.block\\.1\\.weight")) {
            return 2 * shape[0];
        }
        return Arrays.stream(shape).skip(1).reduce(1, (a, b) -> a * b);
    }

    /** Less than 1 where outputs add up, so that the sums stay small. */
    private static double gain(String name) {
        if (name.matches(".*\\.norm\\.(scale|shift)\\.weight")) {
            return 0.1;
        }
        if (name.matches("decoder\\.model\\.\\d+\\.weight")) {
            return name.equals("decoder.model.0.weight") ? 1 : 0.1;
        }
        if (name.matches("decoder\\..*\\.block\\.3\\.weight")) {
            return 0.3;
        }
        return name.matches(".*(out_proj|output_dense|to_out)\\.weight") ? 0.5 : 1;
    }
}
