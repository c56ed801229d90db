package io.sparktts.checkpoint;

import io.sparktts.model.AudioConfig;
import io.sparktts.model.BiCodecConfig;
import io.sparktts.model.BiCodecConfig.Stack;
import io.sparktts.model.Qwen2Config;
import io.sparktts.model.Wav2Vec2Config;

import java.util.Collections;

/** Configuration files with the keys, and in the spelling, of the published ones. */
final class SyntheticConfigs {
    private SyntheticConfigs() {}

    static String audio(AudioConfig c) {
        return """
        highpass_cutoff_freq: 40
        sample_rate: %d
        segment_duration: 2.4 # (s)
        max_val_duration: 12 # (s)
        latent_hop_length: %d
        ref_segment_duration: %s
        volume_normalize: %s
        """
                .formatted(
                        c.sampleRate(),
                        c.latentHopLength(),
                        c.refSegmentSeconds(),
                        c.volumeNormalize());
    }

    static String qwen2(Qwen2Config c) {
        return """
        {
          "architectures": ["Qwen2ForCausalLM"],
          "attention_dropout": 0.0,
          "bos_token_id": %d,
          "eos_token_id": %d,
          "hidden_act": "silu",
          "hidden_size": %d,
          "initializer_range": 0.02,
          "intermediate_size": %d,
          "max_position_embeddings": %d,
          "max_window_layers": 21,
          "model_type": "qwen2",
          "num_attention_heads": %d,
          "num_hidden_layers": %d,
          "num_key_value_heads": %d,
          "rms_norm_eps": %s,
          "rope_theta": %s,
          "sliding_window": %d,
          "tie_word_embeddings": %s,
          "torch_dtype": "bfloat16",
          "transformers_version": "4.43.1",
          "use_cache": true,
          "use_sliding_window": false,
          "vocab_size": %d
        }
        """
                .formatted(
                        c.bosToken(),
                        c.eosToken(),
                        c.hiddenSize(),
                        c.intermediateSize(),
                        c.maxPositions(),
                        c.heads(),
                        c.layers(),
                        c.kvHeads(),
                        c.rmsNormEps(),
                        c.ropeTheta(),
                        c.maxPositions(),
                        c.tiedHead(),
                        c.vocabSize());
    }

    static String biCodec(BiCodecConfig c) {
        Stack prenet = c.prenet();
        return "audio_tokenizer:\n"
                + mel(c.mel())
                + stack("encoder", c.encoder(), c.encoder().layers(), ratios(c.encoder()))
                + decoder(c.decoder())
                + quantizer(c.quantizer())
                + speaker(c.speaker())
                + stack(
                        "prenet",
                        prenet,
                        prenet.layers(),
                        "    condition_dim: "
                                + prenet.conditionDim()
                                + "\n"
                                + ratios(prenet)
                                + "    use_tanh_at_final: False\n")
                // training's alone; half the layers, as published
                + stack(
                        "postnet",
                        prenet,
                        (prenet.layers() + 1) / 2,
                        "    use_tanh_at_final: False\n");
    }

    private static String ratios(Stack s) {
        return "    sample_ratios: " + Collections.nCopies(s.stages(), 1) + "\n";
    }

    private static String mel(BiCodecConfig.Mel m) {
        return """
          mel_params:
            sample_rate: %d
            n_fft: %d
            win_length: %d
            hop_length: %d
            mel_fmin: %s
            mel_fmax: %s
            num_mels: %d

        """
                .formatted(
                        m.sampleRate(),
                        m.nFft(),
                        m.winLength(),
                        m.hopLength(),
                        m.fMinHertz(),
                        m.fMaxHertz(),
                        m.mels());
    }

    private static String stack(String name, Stack s, int layers, String more) {
        return """
          %s:
            input_channels: %d
            vocos_dim: %d
            vocos_intermediate_dim: %d
            vocos_num_layers: %d
            out_channels: %d
        """
                        .formatted(
                                name,
                                s.inputChannels(),
                                s.dim(),
                                s.intermediateDim(),
                                layers,
                                s.outChannels())
                + more
                + "\n";
    }

    private static String decoder(BiCodecConfig.Decoder d) {
        return """
          decoder:
            input_channel: %d
            channels: %d
            rates: %s
            kernel_sizes: %s

        """
                .formatted(d.inputChannels(), d.channels(), d.rates(), d.kernelSizes());
    }

    private static String quantizer(BiCodecConfig.Quantizer q) {
        return """
          quantizer:
            input_dim: %d
            codebook_size: %d
            codebook_dim: %d
            commitment: 0.25
            codebook_loss_weight: 2.0
            use_l2_normlize: True
            threshold_ema_dead_code: 0.2

        """
                .formatted(q.inputDim(), q.codebookSize(), q.codebookDim());
    }

    private static String speaker(BiCodecConfig.Speaker s) {
        return """
          speaker_encoder:
            input_dim: %d
            out_dim: %d
            latent_dim: %d
            token_num: %d
            fsq_levels: %s
            fsq_num_quantizers: %d

        """
                .formatted(
                        s.inputDim(),
                        s.outDim(),
                        s.latentDim(),
                        s.tokenNum(),
                        s.fsqLevels(),
                        s.numQuantizers());
    }

    static String wav2vec2(Wav2Vec2Config c) {
        return """
        {
          "activation_dropout": 0.0,
          "apply_spec_augment": true,
          "architectures": ["Wav2Vec2ForPreTraining"],
          "attention_dropout": 0.1,
          "bos_token_id": 1,
          "conv_bias": true,
          "conv_dim": %s,
          "conv_kernel": %s,
          "conv_stride": %s,
          "do_stable_layer_norm": true,
          "eos_token_id": 2,
          "feat_extract_activation": "gelu",
          "feat_extract_dropout": 0.0,
          "feat_extract_norm": "layer",
          "feat_proj_dropout": 0.1,
          "final_dropout": 0.0,
          "hidden_act": "gelu",
          "hidden_dropout": 0.1,
          "hidden_size": %d,
          "initializer_range": 0.02,
          "intermediate_size": %d,
          "layer_norm_eps": %s,
          "layerdrop": 0.1,
          "mask_time_prob": 0.075,
          "model_type": "wav2vec2",
          "num_attention_heads": %d,
          "num_conv_pos_embedding_groups": %d,
          "num_conv_pos_embeddings": %d,
          "num_feat_extract_layers": %d,
          "num_hidden_layers": %d,
          "pad_token_id": 0,
          "transformers_version": "4.7.0.dev0",
          "vocab_size": 32
        }
        """
                .formatted(
                        c.convDims(),
                        c.convKernels(),
                        c.convStrides(),
                        c.hiddenSize(),
                        c.intermediateSize(),
                        c.layerNormEpsilon(),
                        c.heads(),
                        c.positionalGroups(),
                        c.positionalKernel(),
                        c.convDims().size(),
                        c.layers());
    }

    static String preprocessor(AudioConfig c) {
        return """
        {
          "do_normalize": true,
          "feature_extractor_type": "Wav2Vec2FeatureExtractor",
          "feature_size": 1,
          "padding_side": "right",
          "padding_value": 0,
          "return_attention_mask": true,
          "sampling_rate": %d
        }
        """
                .formatted(c.sampleRate());
    }
}
