package io.sparktts.model;

import io.sparktts.model.BiCodecConfig.Stack;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;

/**
 * Names and shapes of the tensors that BiCodec's inference reads, weight norm folded: what a
 * checkpoint is checked for and what synthetic weights are made of.
 */
public final class BiCodecTensors {
    /** ConvNeXt blocks of a sampling stage's backbone, a constant of the published code. */
    private static final int STAGE_LAYERS = 2;

    /** Taps of embeddings, depthwise and residual convolutions. */
    private static final int KERNEL = 7;

    /** Residual units of an upsampling block; they follow its snake and transposed convolution. */
    private static final int RESIDUAL_UNITS = 3;

    /** Modules of the published checkpoint that only training uses. */
    private static final List<String> TRAINING =
            List.of(
                    "postnet.",
                    "quantizer.cluster_size",
                    "speaker_encoder.speaker_encoder.pool.",
                    "speaker_encoder.speaker_encoder.bn.",
                    "speaker_encoder.speaker_encoder.linear.",
                    "mel_transformer.");

    private final BiConsumer<String, long[]> visitor;

    private BiCodecTensors(BiConsumer<String, long[]> visitor) {
        this.visitor = visitor;
    }

    /**
     * Visits each tensor's name and shape, in no order that means anything.
     *
     * @param visitor may throw to stop
     */
    public static void forEach(
            BiCodecConfig config, SpeakerSizes sizes, BiConsumer<String, long[]> visitor) {
        BiCodecTensors t = new BiCodecTensors(visitor);
        t.quantizer(config.quantizer());
        t.encoder(config.encoder());
        t.prenet(config.prenet());
        t.waveGenerator(config.decoder());
        t.ecapa("speaker_encoder.speaker_encoder.", config.speaker(), sizes);
        t.perceiver("speaker_encoder.perceiver_sampler.", config.speaker(), sizes);
        t.speakerProjections(config.speaker());
    }

    /** All of them at once. */
    public static Map<String, long[]> all(BiCodecConfig config, SpeakerSizes sizes) {
        Map<String, long[]> all = new LinkedHashMap<>();
        forEach(config, sizes, all::put);
        return all;
    }

    /** Whether the published checkpoint has such a tensor, for training alone. */
    public static boolean isForTraining(String name) {
        return name.endsWith(".num_batches_tracked")
                || TRAINING.stream().anyMatch(name::startsWith);
    }

    /**
     * Whether the published checkpoint has a tensor as a pair of gain and direction: quantizer
     * projections and all convolutions of the wave generator.
     *
     * @param name folded, such as {@code decoder.model.0.weight}
     */
    public static boolean isWeightNormed(String name) {
        return name.endsWith(".weight")
                && (name.startsWith("decoder.") || name.matches("quantizer\\.(in|out)_project.*"));
    }

    private void quantizer(BiCodecConfig.Quantizer q) {
        visit("quantizer.codebook.weight", q.codebookSize(), q.codebookDim());
        layer("quantizer.in_project", q.codebookDim(), q.inputDim(), 1);
        layer("quantizer.out_project", q.inputDim(), q.codebookDim(), 1);
    }

    private void encoder(Stack s) {
        backbone("encoder.encoder.", s.inputChannels(), s, s.layers(), 0);
        stages("encoder.downsample.", s);
        layer("encoder.project", s.outChannels(), s.dim());
    }

    private void prenet(Stack s) {
        layer("prenet.linear_pre", s.dim(), s.inputChannels());
        stages("prenet.downsample.", s);
        backbone("prenet.vocos_backbone.", s.dim(), s, s.layers(), s.conditionDim());
        layer("prenet.linear", s.outChannels(), s.dim());
    }

    private void stages(String prefix, Stack s) {
        for (int i = 0; i < s.stages(); i++) {
            backbone(prefix + i + ".1.", s.dim(), s, STAGE_LAYERS, 0);
        }
    }

    private void backbone(String prefix, int inputs, Stack s, int layers, int condition) {
        layer(prefix + "embed", s.dim(), inputs, KERNEL);
        norm(prefix + "norm", s.dim(), condition);
        for (int i = 0; i < layers; i++) {
            String block = prefix + "convnext." + i + ".";
            layer(block + "dwconv", s.dim(), 1, KERNEL);
            norm(block + "norm", s.dim(), condition);
            layer(block + "pwconv1", s.intermediateDim(), s.dim());
            layer(block + "pwconv2", s.dim(), s.intermediateDim());
            visit(block + "gamma", s.dim());
        }
        norm(prefix + "final_layer_norm", s.dim(), 0);
    }

    private void norm(String name, int dim, int condition) {
        if (condition == 0) {
            layer(name, dim);
        } else {
            layer(name + ".scale", dim, condition);
            layer(name + ".shift", dim, condition);
        }
    }

    private void waveGenerator(BiCodecConfig.Decoder d) {
        String model = "decoder.model.";
        int channels = d.channels();
        layer(model + 0, channels, d.inputChannels(), KERNEL);
        int blocks = d.rates().size();
        for (int i = 0; i < blocks; i++) {
            String block = model + (i + 1) + ".block.";
            int half = channels / 2;
            visit(block + "0.alpha", 1, channels, 1);
            // transposed: inputs come first
            visit(block + "1.weight", channels, half, d.kernelSizes().get(i));
            visit(block + "1.bias", half);
            for (int unit = 2; unit < 2 + RESIDUAL_UNITS; unit++) {
                String inner = block + unit + ".block.";
                visit(inner + "0.alpha", 1, half, 1);
                layer(inner + 1, half, half, KERNEL);
                visit(inner + "2.alpha", 1, half, 1);
                layer(inner + 3, half, half, 1);
            }
            channels = half;
        }
        visit(model + (blocks + 1) + ".alpha", 1, channels, 1);
        layer(model + (blocks + 2), 1, channels, KERNEL);
    }

    private void ecapa(String prefix, BiCodecConfig.Speaker speaker, SpeakerSizes s) {
        int channels = s.channels();
        int part = channels / s.res2Scale();
        layer(prefix + "layer1.conv", channels, speaker.inputDim(), 5);
        batchNorm(prefix + "layer1.bn", channels);
        for (int i = 2; i <= 4; i++) {
            String block = prefix + "layer" + i + ".se_res2block.";
            for (String pointwise : new String[] {"0.", "2."}) {
                layer(block + pointwise + "conv", channels, channels, 1);
                batchNorm(block + pointwise + "bn", channels);
            }
            for (int j = 0; j < s.res2Scale() - 1; j++) {
                layer(block + "1.convs." + j, part, part, 3);
                batchNorm(block + "1.bns." + j, part);
            }
            layer(block + "3.linear1", s.bottleneck(), channels);
            layer(block + "3.linear2", channels, s.bottleneck());
        }
        layer(prefix + "conv", s.latentChannels(), 3L * channels, 1);
    }

    private void batchNorm(String name, int channels) {
        layer(name, channels);
        visit(name + ".running_mean", channels);
        visit(name + ".running_var", channels);
    }

    private void perceiver(String prefix, BiCodecConfig.Speaker speaker, SpeakerSizes s) {
        int dim = speaker.latentDim();
        visit(prefix + "latents", speaker.tokenNum(), dim);
        layer(prefix + "proj_context", dim, s.latentChannels());
        for (int i = 0; i < s.perceiverLayers(); i++) {
            String layer = prefix + "layers." + i + ".";
            visit(layer + "0.to_q.weight", s.attentionDim(), dim);
            visit(layer + "0.to_kv.weight", 2L * s.attentionDim(), dim);
            visit(layer + "0.to_out.weight", dim, s.attentionDim());
            // value and gate
            layer(layer + "1.0", 2L * s.feedForwardDim(), dim);
            layer(layer + "1.2", dim, s.feedForwardDim());
        }
        visit(prefix + "norm.gamma", dim);
    }

    private void speakerProjections(BiCodecConfig.Speaker s) {
        int levels = s.fsqLevels().size();
        layer("speaker_encoder.quantizer.project_in", levels, s.latentDim());
        layer("speaker_encoder.quantizer.project_out", s.latentDim(), levels);
        layer("speaker_encoder.project", s.outDim(), (long) s.latentDim() * s.tokenNum());
    }

    /** A weight, and a bias as long as its first extent. */
    private void layer(String name, long... weight) {
        visit(name + ".weight", weight);
        visit(name + ".bias", weight[0]);
    }

    private void visit(String name, long... shape) {
        visitor.accept(name, shape);
    }
}
