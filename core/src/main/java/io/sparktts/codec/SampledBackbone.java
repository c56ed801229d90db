package io.sparktts.codec;

import io.sparktts.backend.Kernels;
import io.sparktts.backend.Tensor;
import io.sparktts.model.WeightLoader;

import java.util.ArrayList;
import java.util.List;

/**
 * The sampling stages {@code downsample.0}, {@code downsample.1}, ... of encoder and prenet. With
 * the published ratio of 1 a stage adds up three equal branches, a factor of 3, before its
 * backbone.
 */
final class SampledBackbone {
    /** ConvNeXt blocks of each stage, a constant of the published code. */
    private static final int BLOCKS = 2;

    private static final double BRANCHES = 3;

    private final List<VocosBackbone> stages = new ArrayList<>();

    SampledBackbone(WeightLoader loader, String prefix, int count) {
        for (int i = 0; i < count; i++) {
            String stage = prefix + "downsample." + i + ".1.";
            stages.add(new VocosBackbone(loader, stage, BLOCKS, BRANCHES, false));
        }
    }

    /** Frames on either side that an output frame depends on. */
    int reach() {
        return stages.stream().mapToInt(VocosBackbone::reach).sum();
    }

    /** Queues all stages: {@code [frames, width]} in, the same out, in scratch memory. */
    Tensor run(Kernels k, Tensor x) {
        Tensor now = x;
        for (int i = 0; i < stages.size(); i++) {
            VocosBackbone stage = stages.get(i);
            Tensor out = k.scratch("sampled." + i, x.dtype(), x.rows(), stage.width());
            stage.run(k, out, now, null);
            now = out;
        }
        return now;
    }
}
