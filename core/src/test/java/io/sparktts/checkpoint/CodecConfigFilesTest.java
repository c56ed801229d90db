package io.sparktts.checkpoint;

import static io.sparktts.checkpoint.TestFiles.assertRefused;
import static io.sparktts.checkpoint.TestFiles.given;
import static io.sparktts.checkpoint.TestFiles.golden;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sparktts.model.AudioConfig;
import io.sparktts.model.BiCodecConfig;
import io.sparktts.model.Wav2Vec2Config;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

class CodecConfigFilesTest {
    private static final String CODEC = "tiny_ckpt/BiCodec/config.yaml";
    private static final String FEATURES = "tiny_ckpt/wav2vec2-large-xlsr-53/config.json";
    private static final String AUDIO = "tiny_ckpt/config.yaml";

    @TempDir private Path folder = Path.of("");

    private Path edited(String golden, String from, String to) throws IOException {
        String before = Files.readString(golden(golden));
        String changed = from.replace("\\n", "\n");
        assertTrue(before.contains(changed), () -> "no " + from + " in " + before);
        Path file = folder.resolve(golden(golden).getFileName().toString());
        return Files.writeString(file, before.replace(changed, to.replace("\\n", "\n")));
    }

    @Test
    void bundledFiles() {
        assertEquals(BiCodecConfig.TINY, BiCodecConfigFile.read(golden(CODEC)));
        assertEquals(Wav2Vec2Config.TINY, Wav2Vec2ConfigFile.read(golden(FEATURES)));
        assertEquals(AudioConfig.SPARK_TTS_0_5B, AudioConfigFile.read(golden(AUDIO)));
    }

    @Test
    void givenFiles() {
        AudioConfig audio = AudioConfigFile.read(given(AUDIO));
        BiCodecConfig codec = BiCodecConfigFile.read(given(CODEC));
        Wav2Vec2Config features = Wav2Vec2ConfigFile.read(given(FEATURES));
        assertEquals(audio.latentHopLength(), codec.decoder().hopLength());
        assertEquals(codec.encoder().inputChannels(), features.hiddenSize());
    }

    @Test
    void derivedSizes() {
        assertEquals(96_000, AudioConfig.SPARK_TTS_0_5B.refSegmentSamples());
        assertEquals(320, new AudioConfig(16_000, 320, 0.035, true).refSegmentSamples());
        assertEquals(320, BiCodecConfig.SPARK_TTS_0_5B.decoder().hopLength());
        assertEquals(4096, BiCodecConfig.SPARK_TTS_0_5B.speaker().codebookSize());
    }

    /** What a published file may say otherwise. */
    @Test
    void optionalKeys() throws IOException {
        Path config = edited(CODEC, "    sample_ratios: [1,1]\n", "");
        assertEquals(BiCodecConfig.TINY, BiCodecConfigFile.read(config));
        config = edited(CODEC, "    use_tanh_at_final: False\n", "");
        assertEquals(BiCodecConfig.TINY, BiCodecConfigFile.read(config));
        config = edited(CODEC, "mel_fmax: null", "mel_fmax: 7600.5");
        assertEquals(7600.5, BiCodecConfigFile.read(config).mel().fMaxHertz());
        config = edited(CODEC, "sample_ratios: [1,1]", "sample_ratios: [1, 1, 1]");
        assertEquals(3, BiCodecConfigFile.read(config).encoder().stages());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "audio_tokenizer: | tokenizer: | no audio_tokenizer",
                "mel_params: | mel: | no audio_tokenizer.mel_params",
                "mel_params: | encoder: 3\\n  mel_params: | not valid YAML: Duplicate",
                "quantizer: | quantizer: 3\\n  x: | audio_tokenizer.quantizer is 3, not an object",
                "vocos_dim: 12 | vocos_dimm: 12 | no audio_tokenizer.encoder.vocos_dim",
                "vocos_dim: 12 | vocos_dim: 1.5 | encoder.vocos_dim is 1.5, not an integer",
                "vocos_dim: 12 | vocos_dim: twelve | encoder.vocos_dim is",
                "vocos_dim: 12 | vocos_dim: 0 | vocos_dim must be positive: 0",
                "sample_ratios: [1,1] | sample_ratios: [2,1] | sample_ratios [2, 1] is not"
                        + " supported; valid: 1 alone",
                "sample_ratios: [1,1] | sample_ratios: 1 | sample_ratios is 1, not a list of",
                "use_tanh_at_final: False | use_tanh_at_final: True | prenet.use_tanh_at_final true"
                        + " is not supported; valid: false",
                "rates: [8, 5, 4, 2] | rates: [8, 5, 4] | rates [8, 5, 4] and kernel_sizes"
                        + " [16, 11, 8, 4] differ in length",
                "rates: [8, 5, 4, 2] | rates: [] | rates must be one or more positive",
                "rates: [8, 5, 4, 2] | rates: [8, 5, 4, 0] | rates must be one or more positive",
                "rates: [8, 5, 4, 2] | rates: [8, 5, 4, x] | rates is",
                "kernel_sizes: [16, 11, 8, 4] | kernel_sizes: [16, 3, 8, 4] | kernel_sizes 3 is less"
                        + " than its rate 5",
                "kernel_sizes: [16, 11, 8, 4] | kernel_sizes: [16, 10, 8, 4] | kernel_sizes 10 minus"
                        + " its rate 5 is odd",
                "channels: 32 | channels: 24 | channels 24 is not a multiple of 2^(number of rates)"
                        + " 16",
                "condition_dim: 16 | condition_dim: 17 | prenet.condition_dim 17 is not"
                        + " speaker_encoder.out_dim 16",
                "out_dim: 16 | out_dim: 17 | is not speaker_encoder.out_dim 17",
                "num_mels: 20 | num_mels: 21 | speaker_encoder.input_dim 20 is not"
                        + " mel_params.num_mels 21",
                "codebook_size: 64 | codebook_size: -64 | quantizer.codebook_size must be positive",
                "fsq_levels: [4, 4, 4] | fsq_levels: [4, 1] | fsq_levels [4, 1] are below 2",
                "fsq_levels: [4, 4, 4] | fsq_levels: [2147483647, 3] | more than 2^31 codes",
                "fsq_num_quantizers: 1 | fsq_num_quantizers: 2 | fsq_num_quantizers 2 is not"
                        + " supported",
                "win_length: 640 | win_length: 2048 | win_length 2048 is more than n_fft 1024",
                "mel_fmin: 10 | mel_fmin: 9000 | mel_fmin 9000.0 to mel_fmax 8000.0",
                "mel_fmax: null | mel_fmax: 9000 | is not a range between 0 and half the sample rate",
                "mel_fmax: null | n_fft: 512 | not valid YAML: Duplicate",
                "num_mels: 20 | num_mels: [20 | not valid YAML"
            })
    void wrongCodec(String from, String to, String problem) throws IOException {
        Path config = edited(CODEC, from, to);
        assertRefused(() -> BiCodecConfigFile.read(config), "config.yaml: ", problem);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "\"do_stable_layer_norm\": true | \"do_stable_layer_norm\": false |"
                        + " do_stable_layer_norm false is not supported; valid: true",
                "\"do_stable_layer_norm\": true | \"x\": true | no do_stable_layer_norm",
                "\"feat_extract_norm\": \"layer\" | \"feat_extract_norm\": \"group\" |"
                        + " feat_extract_norm 'group' is not supported; valid: layer",
                "\"hidden_act\": \"gelu\" | \"hidden_act\": \"relu\" | hidden_act 'relu'",
                "\"feat_extract_activation\": \"gelu\" | \"feat_extract_activation\": \"gelu_new\" |"
                        + " feat_extract_activation 'gelu_new'",
                "\"conv_bias\": true | \"conv_bias\": false | conv_bias false is not supported",
                "\"model_type\": \"wav2vec2\" | \"model_type\": \"hubert\" | model_type 'hubert'",
                "\"conv_kernel\": [10,3,3,3,3,2,2] | \"conv_kernel\": [10,3] | differ in length",
                "\"conv_stride\": [5,2,2,2,2,2,2] | \"conv_stride\": [5,2] | differ in length",
                "\"conv_stride\": [5,2,2,2,2,2,2] | \"conv_stride\": [5,2,2,2,2,2,3] | conv_kernel 2"
                        + " is less than its stride 3",
                "\"conv_dim\": [8,8,8,8,8,8,8] | \"conv_dim\": [8,8,8,8,8,8,0] | conv_dim must be",
                "\"conv_dim\": [8,8,8,8,8,8,8] | \"conv_dim\": [8,8,8,8,8,8,\"8\"] | conv_dim is",
                "\"num_hidden_layers\": 17 | \"num_hidden_layers\": 15 | num_hidden_layers 15 is"
                        + " less than 16",
                "\"num_attention_heads\": 4 | \"num_attention_heads\": 3 | hidden_size 16 is not a"
                        + " multiple of num_attention_heads 3",
                "\"num_conv_pos_embedding_groups\": 4 | \"num_conv_pos_embedding_groups\": 5 |"
                        + " num_conv_pos_embedding_groups 5",
                "\"layer_norm_eps\": 1e-05 | \"layer_norm_eps\": 0 | layer_norm_eps must be positive"
            })
    void wrongFeatures(String from, String to, String problem) throws IOException {
        Path config = edited(FEATURES, from, to);
        assertRefused(() -> Wav2Vec2ConfigFile.read(config), "config.json: ", problem);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "sample_rate: 16000 | sample_rate: 0 | sample_rate must be positive",
                "sample_rate: 16000 | samplerate: 16000 | no sample_rate",
                "volume_normalize: true | volume_normalize: 1 | volume_normalize is 1, not true",
                "ref_segment_duration: 6 | ref_segment_duration: six | ref_segment_duration is",
                "ref_segment_duration: 6 | ref_segment_duration: 0.01 | shorter than a token",
                "ref_segment_duration: 6 | ref_segment_duration: 1e9 | longer than 2^31 samples",
                "latent_hop_length: 320 | latent_hop_length: -1 | latent_hop_length must be"
            })
    void wrongAudio(String from, String to, String problem) throws IOException {
        Path config = edited(AUDIO, from, to);
        assertRefused(() -> AudioConfigFile.read(config), "config.yaml: ", problem);
    }

    @Test
    void notYaml() throws IOException {
        Path config = folder.resolve("config.yaml");
        assertRefused(() -> AudioConfigFile.read(config), "config.yaml: no such file");
        Files.writeString(config, "- 1\n");
        assertRefused(() -> AudioConfigFile.read(config), "the file is not a YAML object");
        Files.writeString(config, "");
        assertRefused(() -> AudioConfigFile.read(config), "the file is not a YAML object");
        Files.writeString(config, "a: &x [1]\nsample_rate: *x\n");
        assertRefused(() -> AudioConfigFile.read(config), "sample_rate is");
        Files.writeString(config, "a: ".repeat(3) + "\t\n");
        assertRefused(() -> AudioConfigFile.read(config), "not valid YAML");
        Files.writeString(config, "a: " + "[".repeat(20_000));
        assertRefused(() -> AudioConfigFile.read(config), "not valid YAML");
        Files.writeString(config, "a: 1\n---\nb: 2\n");
        assertRefused(() -> AudioConfigFile.read(config), "not valid YAML");
    }
}
