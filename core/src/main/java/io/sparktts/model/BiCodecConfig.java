package io.sparktts.model;

import org.jspecify.annotations.Nullable;

import java.util.List;

/**
 * Sizes of a BiCodec, as {@code BiCodec/config.yaml} names them. What it does not name comes from
 * the tensors.
 */
public record BiCodecConfig(
        Mel mel,
        Stack encoder,
        Stack prenet,
        Decoder decoder,
        Quantizer quantizer,
        Speaker speaker) {
    /**
     * Parameters of the mel spectrogram.
     *
     * @param fMaxHertz null for half the sample rate
     */
    public record Mel(
            int sampleRate,
            int nFft,
            int winLength,
            int hopLength,
            double fMinHertz,
            @Nullable Double fMaxHertz,
            int mels) {}

    /**
     * Encoder or prenet: a Vocos backbone and its sampling stages.
     *
     * @param stages sampling stages, each of ratio 1
     */
    public record Stack(
            int inputChannels,
            int dim,
            int intermediateDim,
            int layers,
            int outChannels,
            int stages) {}

    /** The wave generator. */
    public record Decoder(
            int inputChannels, int channels, List<Integer> rates, List<Integer> kernelSizes) {
        public Decoder {
            rates = List.copyOf(rates);
            kernelSizes = List.copyOf(kernelSizes);
        }
    }

    /** The semantic codebook. */
    public record Quantizer(int inputDim, int codebookSize, int codebookDim) {}

    /**
     * The speaker encoder.
     *
     * @param tokenNum global tokens of a voice
     */
    public record Speaker(
            int inputDim, int outDim, int latentDim, int tokenNum, List<Integer> fsqLevels) {
        public Speaker {
            fsqLevels = List.copyOf(fsqLevels);
        }
    }
}
