package io.sparktts.codec;

import io.sparktts.backend.DType;
import io.sparktts.backend.Device;
import io.sparktts.backend.HostTensor;
import io.sparktts.backend.Kernels;
import io.sparktts.backend.Tensor;
import io.sparktts.backend.Variants;
import io.sparktts.backend.Weight;
import io.sparktts.backend.WeightRole;
import io.sparktts.model.BiCodecConfig;
import io.sparktts.model.WeightLoader;
import io.sparktts.model.WeightSource;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The half of BiCodec that speaks: semantic and global tokens to a waveform. Weights of one device;
 * {@link #session} runs them.
 */
public final class BiCodecDecoder implements AutoCloseable {
    private static final String SPEAKER = "speaker_encoder.";
    private static final String BACKBONE = "prenet.vocos_backbone.";

    private final WeightLoader loader;
    private final BiCodecConfig config;
    private final FiniteScalarQuantizer quantizer;

    /** Codebook rows, projected: what a semantic token stands for. */
    private final Weight semantic;

    private final double[] codeProjection;
    private final double[] codeBias;
    private final Weight speakerProjection;
    private final Tensor speakerBias;

    /** Scale and shift of all norms of the prenet's backbone, from the speaker's vector. */
    private final Weight norms;

    private final Tensor normBias;

    private final Weight prenetIn;
    private final Tensor prenetInBias;
    private final SampledBackbone sampled;
    private final VocosBackbone backbone;
    private final Weight prenetOut;
    private final Tensor prenetOutBias;
    private final WaveGenerator generator;

    private BiCodecDecoder(WeightLoader loader, BiCodecConfig config) {
        this.loader = loader;
        this.config = config;
        quantizer = new FiniteScalarQuantizer(config.speaker().fsqLevels());
        semantic = semanticTable(loader);
        codeProjection = loader.values(SPEAKER + "quantizer.project_out.weight");
        codeBias = loader.values(SPEAKER + "quantizer.project_out.bias");
        speakerProjection = loader.weight(WeightRole.LINEAR, SPEAKER + "project.weight");
        speakerBias = loader.vector(SPEAKER + "project.bias");
        List<String> names = new ArrayList<>();
        for (String norm : normNames(config.prenet().layers())) {
            names.add(norm + "scale");
            names.add(norm + "shift");
        }
        norms = loader.stacked(names.stream().map(n -> n + ".weight").toList());
        normBias = loader.vector(names.stream().map(n -> n + ".bias").toArray(String[]::new));
        prenetIn = loader.weight(WeightRole.LINEAR, "prenet.linear_pre.weight");
        prenetInBias = loader.vector("prenet.linear_pre.bias");
        sampled = new SampledBackbone(loader, "prenet.", config.prenet().stages());
        backbone = new VocosBackbone(loader, BACKBONE, config.prenet().layers(), 1, true);
        prenetOut = loader.weight(WeightRole.LINEAR, "prenet.linear.weight");
        prenetOutBias = loader.vector("prenet.linear.bias");
        generator =
                new WaveGenerator(
                        loader,
                        "decoder.model.",
                        config.decoder().rates(),
                        config.decoder().kernelSizes());
    }

    private static List<String> normNames(int layers) {
        List<String> names = new ArrayList<>();
        names.add(BACKBONE + "norm.");
        for (int i = 0; i < layers; i++) {
            names.add(BACKBONE + "convnext." + i + ".norm.");
        }
        return names;
    }

    /**
     * Brings a codec's decoder to a device. A failure frees what was loaded.
     *
     * @param dtype what to compute in; other stored dtypes are rounded once
     */
    public static BiCodecDecoder load(
            Device device, BiCodecConfig config, WeightSource source, DType dtype) {
        WeightLoader loader = new WeightLoader(device, source, dtype);
        try {
            return new BiCodecDecoder(loader, config);
        } catch (RuntimeException | Error e) {
            loader.close();
            throw e;
        }
    }

    /** {@code [codebookSize, inputs]}: the un-normalised codebook through {@code out_project}. */
    private static Weight semanticTable(WeightLoader loader) {
        double[] codebook = loader.values("quantizer.codebook.weight");
        double[] weight = loader.values("quantizer.out_project.weight");
        double[] bias = loader.values("quantizer.out_project.bias");
        int width = bias.length;
        int dimensions = weight.length / width;
        int rows = codebook.length / dimensions;
        try (Arena arena = Arena.ofShared()) {
            HostTensor table = HostTensor.allocate(arena, DType.F32, rows, width);
            IntStream.range(0, rows)
                    .parallel()
                    .forEach(
                            r -> {
                                double[] row = new double[width];
                                for (int o = 0; o < width; o++) {
                                    double sum = bias[o];
                                    for (int i = 0; i < dimensions; i++) {
                                        sum +=
                                                codebook[r * dimensions + i]
                                                        * weight[o * dimensions + i];
                                    }
                                    row[o] = sum;
                                }
                                table.write((long) r * width, row, 0, width);
                            });
            return loader.keep(
                    loader.device().prepare(WeightRole.EMBEDDING, loader.dtype(), List.of(table)));
        }
    }

    /** The device the weights are on. */
    public Device device() {
        return loader.device();
    }

    /** What activations are computed in. */
    public DType dtype() {
        return loader.dtype();
    }

    /** Sizes. */
    public BiCodecConfig config() {
        return config;
    }

    /** Waveform samples of a semantic token. */
    public int samplesPerFrame() {
        return generator.samplesPerFrame();
    }

    /**
     * Frames on either side that a sample depends on, computed from the loaded layers: a window
     * with as many more frames at each end gives the samples of the whole.
     */
    public int reach() {
        return sampled.reach() + backbone.reach() + generator.reach();
    }

    /** Semantic tokens: {@code 0 .. semanticTokens - 1}. */
    public int semanticTokens() {
        return semantic.outFeatures();
    }

    /** A session with memory and recordings of its own. */
    public BiCodecSession session(Variants variants) {
        return new BiCodecSession(this, variants);
    }

    /** Elements of what {@link #speakerCodes} makes. */
    int speakerCodeElements() {
        return codeBias.length * config.speaker().tokenNum();
    }

    /**
     * The codes of a speaker's tokens, projected and laid out as the published code flattens them:
     * element {@code c * tokens + t}.
     *
     * @throws IllegalArgumentException for another number of tokens than the checkpoint's, or one
     *     out of range
     */
    double[] speakerCodes(int[] globalTokens) {
        int tokens = config.speaker().tokenNum();
        if (globalTokens.length != tokens) {
            throw new IllegalArgumentException(
                    globalTokens.length
                            + " global tokens; this checkpoint's voices have "
                            + tokens);
        }
        int dimensions = quantizer.dimensions();
        double[] codes = new double[speakerCodeElements()];
        for (int t = 0; t < tokens; t++) {
            int token = globalTokens[t];
            if (token < 0 || token >= config.speaker().codebookSize()) {
                throw new IllegalArgumentException(
                        "global token "
                                + token
                                + " is outside of 0.."
                                + (config.speaker().codebookSize() - 1));
            }
            double[] code = quantizer.code(token);
            for (int c = 0; c < codeBias.length; c++) {
                double sum = codeBias[c];
                for (int i = 0; i < dimensions; i++) {
                    sum += code[i] * codeProjection[c * dimensions + i];
                }
                codes[c * tokens + t] = sum;
            }
        }
        return codes;
    }

    /**
     * Queues what depends on the speaker alone.
     *
     * @param speaker out: memory of {@link #newSpeaker}
     * @param codes {@code [1, speakerCodeElements]}
     */
    void speaker(Kernels k, Speaker speaker, Tensor codes) {
        k.linear(speaker.vector, codes, speakerProjection, speakerBias);
        k.linear(speaker.norms, speaker.vector, norms, normBias);
        k.add(speaker.prenetBias, prenetOutBias, speaker.vector);
    }

    /** Uninitialised memory for a speaker. */
    Speaker newSpeaker() {
        return new Speaker(
                device().allocate(dtype(), 1, speakerProjection.outFeatures()),
                device().allocate(dtype(), 1, norms.outFeatures()),
                device().allocate(dtype(), prenetOut.outFeatures()));
    }

    /**
     * What a speaker's tokens become.
     *
     * @param vector {@code [1, d]}
     * @param norms scale, shift, scale, shift ... of the backbone's norms
     * @param prenetBias bias of the prenet's last layer plus the vector
     */
    record Speaker(Tensor vector, Tensor norms, Tensor prenetBias) implements AutoCloseable {
        /** Scale and shift number {@code i}, {@code [width]} each. */
        VocosBackbone.Norm norm(int i, int width) {
            return new VocosBackbone.Norm(
                    norms.view(2L * i * width, width), norms.view((2L * i + 1) * width, width));
        }

        @Override
        public void close() {
            vector.close();
            norms.close();
            prenetBias.close();
        }
    }

    /**
     * Queues the decoding.
     *
     * @param wave {@code [frames * samplesPerFrame, 1]} F32 (F64 beside F64): in {@code (-1, 1)}
     * @param ids {@code [frames]} I32: semantic tokens
     */
    void decode(Kernels k, Tensor wave, Tensor ids, Speaker speaker) {
        int frames = Math.toIntExact(ids.elements());
        Tensor codes = k.scratch("codec.codes", dtype(), frames, semantic.inFeatures());
        k.embedding(codes, ids, semantic);
        Tensor narrow = k.scratch("codec.narrow", dtype(), frames, prenetIn.outFeatures());
        k.linear(narrow, codes, prenetIn, prenetInBias);
        Tensor sampledFrames = sampled.run(k, narrow);
        int width = backbone.width();
        Tensor mixed = k.scratch("codec.mixed", dtype(), frames, width);
        List<VocosBackbone.Norm> adaptive =
                IntStream.rangeClosed(0, config.prenet().layers())
                        .mapToObj(i -> speaker.norm(i, width))
                        .toList();
        backbone.run(k, mixed, sampledFrames, adaptive);
        Tensor conditioned =
                k.scratch("codec.conditioned", dtype(), frames, prenetOut.outFeatures());
        k.linear(conditioned, mixed, prenetOut, speaker.prenetBias);
        generator.run(k, wave, conditioned);
    }

    @Override
    public void close() {
        loader.close();
    }
}
