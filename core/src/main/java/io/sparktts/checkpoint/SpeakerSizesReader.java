package io.sparktts.checkpoint;

import io.sparktts.model.SpeakerSizes;

/**
 * Sizes of the speaker encoder from the shapes of some of its tensors. Whether the others agree is
 * for the check of all tensors to say.
 */
final class SpeakerSizesReader {
    private static final String ECAPA = "speaker_encoder.speaker_encoder.";
    private static final String PERCEIVER = "speaker_encoder.perceiver_sampler.";

    private final FoldedTensors tensors;

    SpeakerSizesReader(FoldedTensors tensors) {
        this.tensors = tensors;
    }

    SpeakerSizes read() {
        int channels = tensors.extent(ECAPA + "layer1.conv.weight", 0);
        String res2 = ECAPA + "layer2.se_res2block.1.convs.0.weight";
        int part = tensors.extent(res2, 0);
        if (channels % part != 0) {
            throw tensors.error(res2, "has " + part + " channels, no part of " + channels);
        }
        int layers = 1;
        while (tensors.contains(query(layers))) {
            layers++;
        }
        return new SpeakerSizes(
                channels,
                tensors.extent(ECAPA + "conv.weight", 0),
                tensors.extent(ECAPA + "layer2.se_res2block.3.linear1.weight", 0),
                channels / part,
                layers,
                tensors.extent(query(0), 0),
                tensors.extent(PERCEIVER + "layers.0.1.2.weight", 1));
    }

    private static String query(int layer) {
        return PERCEIVER + "layers." + layer + ".0.to_q.weight";
    }
}
