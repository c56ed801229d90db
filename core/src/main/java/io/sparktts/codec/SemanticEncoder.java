package io.sparktts.codec;

import io.sparktts.backend.DType;
import io.sparktts.backend.Kernels;
import io.sparktts.backend.Tensor;
import io.sparktts.backend.Weight;
import io.sparktts.backend.WeightRole;
import io.sparktts.model.BiCodecConfig;
import io.sparktts.model.WeightLoader;

import java.lang.foreign.Arena;

/** wav2vec2 features to semantic tokens: backbone, sampling stages, projection, nearest code. */
final class SemanticEncoder {
    private static final double SMALLEST_NORM = 1e-12;

    private final VocosBackbone backbone;
    private final SampledBackbone sampled;
    private final Weight project;
    private final Tensor projectBias;
    private final Weight inProject;
    private final Tensor inProjectBias;

    /** Codebook rows of length 1. */
    private final double[][] codebook;

    SemanticEncoder(WeightLoader loader, BiCodecConfig config) {
        int layers = config.encoder().layers();
        backbone = new VocosBackbone(loader, "encoder.encoder.", layers, 1, false);
        sampled = new SampledBackbone(loader, "encoder.", config.encoder().stages());
        project = loader.weight(WeightRole.LINEAR, "encoder.project.weight");
        projectBias = loader.vector("encoder.project.bias");
        inProject = loader.convolution("quantizer.in_project.weight");
        inProjectBias = loader.vector("quantizer.in_project.bias");
        int dimensions = inProject.outFeatures();
        double[] values = loader.values("quantizer.codebook.weight");
        codebook = new double[values.length / dimensions][dimensions];
        for (int i = 0; i < values.length; i++) {
            codebook[i / dimensions][i % dimensions] = values[i];
        }
        for (double[] row : codebook) {
            normalize(row);
        }
    }

    private static void normalize(double[] v) {
        double sum = 0;
        for (double x : v) {
            sum += x * x;
        }
        double norm = Math.max(Math.sqrt(sum), SMALLEST_NORM);
        for (int i = 0; i < v.length; i++) {
            v[i] /= norm;
        }
    }

    /**
     * Encodes features.
     *
     * @param features {@code [frames, inputs]}
     * @return a token per frame
     */
    int[] encode(Kernels k, WeightLoader loader, Tensor features) {
        int frames = features.rows();
        DType dtype = loader.dtype();
        Tensor narrow = k.scratch("semantic.narrow", dtype, frames, backbone.width());
        backbone.run(k, narrow, features, null);
        Tensor z = k.scratch("semantic.z", dtype, frames, project.outFeatures());
        k.linear(z, sampled.run(k, narrow), project, projectBias);
        Tensor codes = k.scratch("semantic.codes", dtype, frames, inProject.outFeatures());
        k.linear(codes, z, inProject, inProjectBias);
        int dimensions = codes.columns();
        int[] tokens = new int[frames];
        try (Arena arena = Arena.ofConfined()) {
            double[] all = loader.device().download(codes, arena).toDoubles();
            for (int t = 0; t < frames; t++) {
                double[] e = new double[dimensions];
                System.arraycopy(all, t * dimensions, e, 0, dimensions);
                normalize(e);
                tokens[t] = nearest(e);
            }
        }
        return tokens;
    }

    /** All have length 1, so the nearest has the largest product; the first of equals. */
    private int nearest(double[] e) {
        int best = 0;
        double largest = Double.NEGATIVE_INFINITY;
        for (int i = 0; i < codebook.length; i++) {
            double sum = 0;
            for (int j = 0; j < e.length; j++) {
                sum += e[j] * codebook[i][j];
            }
            if (sum > largest) {
                largest = sum;
                best = i;
            }
        }
        return best;
    }
}
