package io.sparktts.codec;

import io.sparktts.backend.Kernels;
import io.sparktts.backend.Tensor;
import io.sparktts.backend.Weight;
import io.sparktts.backend.WeightRole;
import io.sparktts.model.BiCodecConfig;
import io.sparktts.model.ConvWeights;
import io.sparktts.model.WeightLoader;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;

/**
 * Mel spectrogram to the speaker's global tokens: ECAPA-TDNN, a perceiver resampler (Jaegle et al.
 * 2021) that brings any number of frames to a fixed number of latents, finite scalar quantisation.
 */
final class SpeakerEncoder {
    private static final String PERCEIVER = "speaker_encoder.perceiver_sampler.";

    /** Constants of the published code. */
    private static final int LAYERS = 2;

    private static final int HEAD_DIM = 64;

    /** The published norm divides by the length, at least 1e-12; its square in effect. */
    private static final double NORM_EPSILON = 1e-24;

    private final Ecapa ecapa;
    private final Weight context;
    private final Tensor contextBias;
    private final Tensor latents;
    private final List<Layer> layers = new ArrayList<>();
    private final Tensor gamma;
    private final FiniteScalarQuantizer quantizer;
    private final double[] projection;
    private final double[] projectionBias;

    private record Layer(
            Weight query,
            Weight key,
            Weight value,
            Weight output,
            Weight valueGate,
            Tensor valueGateBias,
            Weight down,
            Tensor downBias) {
        static Layer load(WeightLoader loader, String prefix) {
            String keyValue = prefix + "0.to_kv.weight";
            return new Layer(
                    loader.weight(WeightRole.LINEAR, prefix + "0.to_q.weight"),
                    loader.weight(keyValue, (w, arena) -> ConvWeights.part(w, 0, 2)),
                    loader.weight(keyValue, (w, arena) -> ConvWeights.part(w, 1, 2)),
                    loader.weight(WeightRole.LINEAR, prefix + "0.to_out.weight"),
                    loader.weight(WeightRole.LINEAR, prefix + "1.0.weight"),
                    loader.vector(prefix + "1.0.bias"),
                    loader.weight(WeightRole.LINEAR, prefix + "1.2.weight"),
                    loader.vector(prefix + "1.2.bias"));
        }

        /** {@code x += attention(x; x and frames); x += feedForward(x)}, without norms. */
        void run(Kernels k, Tensor x, Tensor frames) {
            int n = x.columns();
            int seen = x.rows() + frames.rows();
            Tensor all = k.scratch("perceiver.all", x.dtype(), seen, n);
            k.copyColumns(all.view(0, x.rows(), n), 0, x, 0, n);
            k.copyColumns(all.view(x.elements(), frames.rows(), n), 0, frames, 0, n);
            int width = query.outFeatures();
            Tensor q = k.scratch("perceiver.q", x.dtype(), x.rows(), width);
            Tensor keys = k.scratch("perceiver.k", x.dtype(), seen, width);
            Tensor values = k.scratch("perceiver.v", x.dtype(), seen, width);
            Tensor attended = k.scratch("perceiver.attended", x.dtype(), x.rows(), width);
            Tensor branch = k.scratch("perceiver.branch", x.dtype(), x.rows(), n);
            k.linear(q, x, query, null);
            k.linear(keys, all, key, null);
            k.linear(values, all, value, null);
            k.bidirectionalAttention(attended, q, keys, values, width / HEAD_DIM);
            k.linear(branch, attended, output, null);
            k.add(x, x, branch);
            int inner = down.inFeatures();
            Tensor both = k.scratch("perceiver.both", x.dtype(), x.rows(), 2L * inner);
            Tensor gated = k.scratch("perceiver.gated", x.dtype(), x.rows(), inner);
            k.linear(both, x, valueGate, valueGateBias);
            k.geglu(gated, both);
            k.linear(branch, gated, down, downBias);
            k.add(x, x, branch);
        }
    }

    SpeakerEncoder(WeightLoader loader, BiCodecConfig config) {
        ecapa = new Ecapa(loader, "speaker_encoder.speaker_encoder.");
        context = loader.weight(WeightRole.LINEAR, PERCEIVER + "proj_context.weight");
        contextBias = loader.vector(PERCEIVER + "proj_context.bias");
        latents = loader.tensor(PERCEIVER + "latents", (t, arena) -> t);
        for (int i = 0; i < LAYERS; i++) {
            layers.add(Layer.load(loader, PERCEIVER + "layers." + i + "."));
        }
        gamma = loader.vector(PERCEIVER + "norm.gamma");
        quantizer = new FiniteScalarQuantizer(config.speaker().fsqLevels());
        projection = loader.values("speaker_encoder.quantizer.project_in.weight");
        projectionBias = loader.values("speaker_encoder.quantizer.project_in.bias");
    }

    /**
     * Encodes a clip.
     *
     * @param mel {@code [frames, mels]}
     * @return the tokens of the voice, in the order of the prompt
     */
    int[] encode(Kernels k, WeightLoader loader, Tensor mel) {
        Tensor features = k.scratch("speaker.features", mel.dtype(), mel.rows(), ecapa.width());
        ecapa.run(k, features, mel);
        int width = latents.columns();
        Tensor frames = k.scratch("speaker.frames", mel.dtype(), mel.rows(), width);
        k.linear(frames, features, context, contextBias);
        Tensor x = k.scratch("speaker.latents", mel.dtype(), latents.rows(), width);
        k.copyColumns(x, 0, latents, 0, width);
        layers.forEach(layer -> layer.run(k, x, frames));
        k.rmsNorm(x, x, gamma, NORM_EPSILON);
        int[] tokens = new int[x.rows()];
        try (Arena arena = Arena.ofConfined()) {
            double[] all = loader.device().download(x, arena).toDoubles();
            double[] z = new double[quantizer.dimensions()];
            for (int t = 0; t < tokens.length; t++) {
                for (int i = 0; i < z.length; i++) {
                    z[i] = projectionBias[i];
                    for (int c = 0; c < width; c++) {
                        z[i] += projection[i * width + c] * all[t * width + c];
                    }
                }
                tokens[t] = quantizer.index(z);
            }
        }
        return tokens;
    }
}
