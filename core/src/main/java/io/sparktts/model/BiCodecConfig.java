package io.sparktts.model;

import org.jspecify.annotations.Nullable;

import java.util.List;

/**
 * Sizes of a BiCodec, as {@code BiCodec/config.yaml} names them. What it does not name comes from
 * the tensors ({@link SpeakerSizes}).
 */
public record BiCodecConfig(
        Mel mel,
        Stack encoder,
        Stack prenet,
        Decoder decoder,
        Quantizer quantizer,
        Speaker speaker) {
    /** The published Spark-TTS-0.5B. */
    public static final BiCodecConfig SPARK_TTS_0_5B =
            new BiCodecConfig(
                    new Mel(16_000, 1024, 640, 320, 10, null, 128),
                    new Stack(1024, 384, 2048, 12, 1024, 0, 2),
                    new Stack(1024, 384, 2048, 12, 1024, 1024, 2),
                    new Decoder(1024, 1536, List.of(8, 5, 4, 2), List.of(16, 11, 8, 4)),
                    new Quantizer(1024, 8192, 8),
                    new Speaker(128, 1024, 128, 32, List.of(4, 4, 4, 4, 4, 4), 1));

    /** The same codec at a size for tests. */
    public static final BiCodecConfig TINY =
            new BiCodecConfig(
                    new Mel(16_000, 1024, 640, 320, 10, null, 20),
                    new Stack(16, 12, 20, 2, 16, 0, 2),
                    new Stack(16, 12, 20, 3, 16, 16, 2),
                    new Decoder(16, 32, List.of(8, 5, 4, 2), List.of(16, 11, 8, 4)),
                    new Quantizer(16, 64, 8),
                    new Speaker(20, 16, 5, 8, List.of(4, 4, 4), 1));

    public BiCodecConfig {
        String quantizerDim = "quantizer.input_dim";
        int latent = quantizer.inputDim();
        Require.equal("encoder.out_channels", encoder.outChannels(), quantizerDim, latent);
        Require.equal("prenet.input_channels", prenet.inputChannels(), quantizerDim, latent);
        // the speaker vector conditions the prenet's norms and is added to its output
        String speakerDim = "speaker_encoder.out_dim";
        Require.equal("prenet.condition_dim", prenet.conditionDim(), speakerDim, speaker.outDim());
        Require.equal("prenet.out_channels", prenet.outChannels(), speakerDim, speaker.outDim());
        Require.equal(
                "decoder.input_channel",
                decoder.inputChannels(),
                "prenet.out_channels",
                prenet.outChannels());
        Require.equal(
                "speaker_encoder.input_dim", speaker.inputDim(), "mel_params.num_mels", mel.mels());
    }

    /**
     * Parameters of the mel spectrogram.
     *
     * @param sampleRate samples per second
     * @param nFft samples of a Fourier transform
     * @param winLength samples of the window, which is centred in the transform
     * @param hopLength samples between frames
     * @param fMinHertz lower end of the first filter
     * @param fMaxHertz upper end of the last filter; null for half the sample rate
     * @param mels filters
     */
    public record Mel(
            int sampleRate,
            int nFft,
            int winLength,
            int hopLength,
            double fMinHertz,
            @Nullable Double fMaxHertz,
            int mels) {
        public Mel {
            Require.positive("sample_rate", sampleRate);
            Require.positive("n_fft", nFft);
            Require.positive("win_length", winLength);
            Require.positive("hop_length", hopLength);
            Require.positive("num_mels", mels);
            if (winLength > nFft) {
                throw new IllegalArgumentException(
                        "win_length " + winLength + " is more than n_fft " + nFft);
            }
            double top = fMaxHertz == null ? sampleRate / 2.0 : fMaxHertz;
            if (!(fMinHertz >= 0 && fMinHertz < top && top <= sampleRate / 2.0)) {
                throw new IllegalArgumentException(
                        "mel_fmin "
                                + fMinHertz
                                + " to mel_fmax "
                                + top
                                + " is not a range between 0 and half the sample rate");
            }
        }
    }

    /**
     * Encoder or prenet: a Vocos backbone and its sampling stages.
     *
     * @param inputChannels width of the input
     * @param dim width of the backbone
     * @param intermediateDim width inside a ConvNeXt block
     * @param layers ConvNeXt blocks of the main backbone
     * @param outChannels width of the output
     * @param conditionDim width of the speaker vector that scales and shifts the main backbone's
     *     norms; 0 if they are plain
     * @param stages sampling stages, each of ratio 1
     */
    public record Stack(
            int inputChannels,
            int dim,
            int intermediateDim,
            int layers,
            int outChannels,
            int conditionDim,
            int stages) {
        public Stack {
            Require.positive("input_channels", inputChannels);
            Require.positive("vocos_dim", dim);
            Require.positive("vocos_intermediate_dim", intermediateDim);
            Require.positive("vocos_num_layers", layers);
            Require.positive("out_channels", outChannels);
            if (conditionDim < 0 || stages < 0) {
                throw new IllegalArgumentException(
                        "condition_dim " + conditionDim + ", " + stages + " sample_ratios");
            }
        }
    }

    /**
     * The wave generator.
     *
     * @param inputChannels width of the input
     * @param channels width before the first upsampling, halved by each
     * @param rates upsampling factors; their product is the samples of a frame
     * @param kernelSizes taps of the transposed convolutions
     */
    public record Decoder(
            int inputChannels, int channels, List<Integer> rates, List<Integer> kernelSizes) {
        public Decoder {
            rates = List.copyOf(rates);
            kernelSizes = List.copyOf(kernelSizes);
            Require.positive("input_channel", inputChannels);
            Require.positive("channels", channels);
            Require.positive("rates", rates);
            Require.positive("kernel_sizes", kernelSizes);
            Require.sameLength("rates", rates, "kernel_sizes", kernelSizes);
            for (int i = 0; i < rates.size(); i++) {
                int kernel = kernelSizes.get(i);
                int rate = rates.get(i);
                Require.kernelCoversStride("kernel_sizes", kernel, "its rate", rate);
                if ((kernel - rate) % 2 != 0) {
                    throw new IllegalArgumentException(
                            "kernel_sizes "
                                    + kernel
                                    + " minus its rate "
                                    + rate
                                    + " is odd, so no padding keeps the length");
                }
            }
            if (rates.size() > 30) {
                throw new IllegalArgumentException("rates are more than 30: " + rates);
            }
            Require.multiple("channels", channels, "2^(number of rates)", 1 << rates.size());
            long samples = 1;
            for (int rate : rates) {
                samples *= rate;
                if (samples > Integer.MAX_VALUE) {
                    throw new IllegalArgumentException(
                            "rates " + rates + " make more than 2^31 samples of a frame");
                }
            }
        }

        /** Samples of one frame. */
        public int hopLength() {
            return rates.stream().reduce(1, Math::multiplyExact);
        }
    }

    /**
     * The semantic codebook.
     *
     * @param inputDim width of a latent frame
     * @param codebookSize number of semantic tokens
     * @param codebookDim width of a codebook row
     */
    public record Quantizer(int inputDim, int codebookSize, int codebookDim) {
        public Quantizer {
            Require.positive("input_dim", inputDim);
            Require.positive("codebook_size", codebookSize);
            Require.positive("codebook_dim", codebookDim);
        }
    }

    /**
     * The speaker encoder.
     *
     * @param inputDim mel filters
     * @param outDim width of the speaker vector
     * @param latentDim width of a perceiver latent
     * @param tokenNum global tokens of a voice
     * @param fsqLevels levels of each component of a global token
     * @param numQuantizers residual quantisers per token
     */
    public record Speaker(
            int inputDim,
            int outDim,
            int latentDim,
            int tokenNum,
            List<Integer> fsqLevels,
            int numQuantizers) {
        public Speaker {
            fsqLevels = List.copyOf(fsqLevels);
            Require.positive("input_dim", inputDim);
            Require.positive("out_dim", outDim);
            Require.positive("latent_dim", latentDim);
            Require.positive("token_num", tokenNum);
            Require.positive("fsq_levels", fsqLevels);
            Require.positive("fsq_num_quantizers", numQuantizers);
            long size = 1;
            for (int level : fsqLevels) {
                size = level < 2 ? 0 : Math.multiplyExact(size, level);
                if (size == 0 || size > Integer.MAX_VALUE) {
                    throw new IllegalArgumentException(
                            "fsq_levels "
                                    + fsqLevels
                                    + " are below 2 or make more than 2^31 codes");
                }
            }
        }

        /** Number of global tokens there are. */
        public int codebookSize() {
            return fsqLevels.stream().reduce(1, Math::multiplyExact);
        }
    }
}
