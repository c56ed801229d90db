package io.sparktts.model;

/**
 * Sizes of BiCodec's speaker encoder that no configuration names; they show in its tensors.
 *
 * @param channels width of the ECAPA-TDNN's blocks
 * @param latentChannels width of its frame-wise output
 * @param bottleneck inner width of squeeze-and-excitation
 * @param res2Scale parts that a Res2 block splits its channels into
 * @param perceiverLayers layers of the perceiver resampler
 * @param attentionDim heads times head width of its attention
 * @param feedForwardDim inner width of its gated feed-forward layers
 */
public record SpeakerSizes(
        int channels,
        int latentChannels,
        int bottleneck,
        int res2Scale,
        int perceiverLayers,
        int attentionDim,
        int feedForwardDim) {
    /** The published Spark-TTS-0.5B. */
    public static final SpeakerSizes SPARK_TTS_0_5B =
            new SpeakerSizes(512, 1536, 128, 8, 2, 512, 341);

    /** Fits {@link BiCodecConfig#TINY}. */
    public static final SpeakerSizes TINY = new SpeakerSizes(16, 24, 6, 8, 2, 512, 13);

    public SpeakerSizes {
        Require.positive("channels", channels);
        Require.positive("latent channels", latentChannels);
        Require.positive("bottleneck", bottleneck);
        Require.positive("Res2 scale", res2Scale);
        Require.positive("perceiver layers", perceiverLayers);
        Require.positive("attention width", attentionDim);
        Require.positive("feed-forward width", feedForwardDim);
        Require.multiple("channels", channels, "Res2 scale", res2Scale);
    }
}
