package io.sparktts.checkpoint;

import io.sparktts.model.BiCodecConfig;
import io.sparktts.model.BiCodecConfig.Decoder;
import io.sparktts.model.BiCodecConfig.Mel;
import io.sparktts.model.BiCodecConfig.Quantizer;
import io.sparktts.model.BiCodecConfig.Speaker;
import io.sparktts.model.BiCodecConfig.Stack;

import java.nio.file.Path;
import java.util.List;

/** The {@code config.yaml} of a BiCodec: one key, {@code audio_tokenizer}, that holds all. */
final class BiCodecConfigFile {
    /** What the published code takes where the file has none. */
    private static final List<Integer> DEFAULT_RATIOS = List.of(1, 1);

    private BiCodecConfigFile() {}

    static BiCodecConfig read(Path file) {
        ConfigSection root = ConfigSection.ofYaml(file).section("audio_tokenizer");
        ConfigSection prenet = root.section("prenet");
        if (prenet.present("use_tanh_at_final")) {
            prenet.expect("use_tanh_at_final", false);
        }
        Mel mel = mel(root.section("mel_params"));
        Stack encoder = stack(root.section("encoder"), 0);
        Stack conditioned = stack(prenet, prenet.integer("condition_dim"));
        Decoder decoder = decoder(root.section("decoder"));
        Quantizer quantizer = quantizer(root.section("quantizer"));
        Speaker speaker = speaker(root.section("speaker_encoder"));
        return root.checked(
                () -> new BiCodecConfig(mel, encoder, conditioned, decoder, quantizer, speaker));
    }

    private static Mel mel(ConfigSection mel) {
        return mel.checked(
                () ->
                        new Mel(
                                mel.integer("sample_rate"),
                                mel.integer("n_fft"),
                                mel.integer("win_length"),
                                mel.integer("hop_length"),
                                mel.number("mel_fmin"),
                                mel.present("mel_fmax") ? mel.number("mel_fmax") : null,
                                mel.integer("num_mels")));
    }

    private static Stack stack(ConfigSection stack, int conditionDim) {
        List<Integer> ratios =
                stack.present("sample_ratios") ? stack.integers("sample_ratios") : DEFAULT_RATIOS;
        if (ratios.stream().anyMatch(r -> r != 1)) {
            throw stack.unsupported("sample_ratios", ratios.toString(), "1 alone");
        }
        return stack.checked(
                () ->
                        new Stack(
                                stack.integer("input_channels"),
                                stack.integer("vocos_dim"),
                                stack.integer("vocos_intermediate_dim"),
                                stack.integer("vocos_num_layers"),
                                stack.integer("out_channels"),
                                conditionDim,
                                ratios.size()));
    }

    private static Decoder decoder(ConfigSection decoder) {
        return decoder.checked(
                () ->
                        new Decoder(
                                decoder.integer("input_channel"),
                                decoder.integer("channels"),
                                decoder.integers("rates"),
                                decoder.integers("kernel_sizes")));
    }

    private static Quantizer quantizer(ConfigSection quantizer) {
        return quantizer.checked(
                () ->
                        new Quantizer(
                                quantizer.integer("input_dim"),
                                quantizer.integer("codebook_size"),
                                quantizer.integer("codebook_dim")));
    }

    private static Speaker speaker(ConfigSection speaker) {
        int quantizers = speaker.integer("fsq_num_quantizers");
        if (quantizers != 1) {
            throw speaker.unsupported("fsq_num_quantizers", String.valueOf(quantizers), "1");
        }
        return speaker.checked(
                () ->
                        new Speaker(
                                speaker.integer("input_dim"),
                                speaker.integer("out_dim"),
                                speaker.integer("latent_dim"),
                                speaker.integer("token_num"),
                                speaker.integers("fsq_levels"),
                                quantizers));
    }
}
