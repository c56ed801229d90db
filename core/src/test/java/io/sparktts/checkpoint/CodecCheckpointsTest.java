package io.sparktts.checkpoint;

import static io.sparktts.checkpoint.TestFiles.assertRefused;
import static io.sparktts.checkpoint.TestFiles.given;
import static io.sparktts.checkpoint.TestFiles.golden;
import static io.sparktts.checkpoint.TestFiles.safetensors;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sparktts.backend.DType;
import io.sparktts.backend.HostTensor;
import io.sparktts.model.BiCodecConfig;
import io.sparktts.model.BiCodecTensors;
import io.sparktts.model.SpeakerSizes;
import io.sparktts.model.Wav2Vec2Config;
import io.sparktts.model.Wav2Vec2Tensors;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

class CodecCheckpointsTest {
    private static final String CODEC = "tiny_ckpt/BiCodec";
    private static final String FEATURES = "tiny_ckpt/wav2vec2-large-xlsr-53";

    @TempDir private Path folder = Path.of("");

    private void copyCodec() throws IOException {
        for (String file : new String[] {"config.yaml", "model.safetensors"}) {
            Files.copy(golden(CODEC).resolve(file), folder.resolve(file));
        }
    }

    private void edit(String file, String from, String to) throws IOException {
        String before = Files.readString(folder.resolve(file));
        assertTrue(before.contains(from), () -> "no " + from + " in " + before);
        Files.writeString(folder.resolve(file), before.replace(from, to));
    }

    /** Changes the header of the weights, keeping the data. */
    private void editHeader(String from, String to) throws IOException {
        Path file = folder.resolve("model.safetensors");
        byte[] bytes = Files.readAllBytes(file);
        int end = 8 + (int) ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong();
        String before = new String(bytes, 8, end - 8, StandardCharsets.UTF_8);
        assertTrue(before.contains(from), () -> "no " + from + " in " + before);
        Files.write(
                file,
                safetensors(
                        before.replace(from, to), Arrays.copyOfRange(bytes, end, bytes.length)));
    }

    private void assertBadCodec(String... parts) {
        assertRefused(() -> BiCodecCheckpoint.open(folder).close(), parts);
    }

    private void assertBadFeatures(String... parts) {
        assertRefused(() -> Wav2Vec2Checkpoint.open(folder).close(), parts);
    }

    @Test
    void bundledSizes() {
        try (BiCodecCheckpoint codec = BiCodecCheckpoint.open(golden(CODEC));
                Wav2Vec2Checkpoint features = Wav2Vec2Checkpoint.open(golden(FEATURES))) {
            assertEquals(BiCodecConfig.TINY, codec.config());
            assertEquals(SpeakerSizes.TINY, codec.speakerSizes());
            assertEquals(Wav2Vec2Config.TINY, features.config());
        }
    }

    /** Every tensor that is needed is read, and no other in the files is unknown. */
    @Test
    void givenCheckpoints() {
        try (BiCodecCheckpoint codec = BiCodecCheckpoint.open(given(CODEC));
                Wav2Vec2Checkpoint features = Wav2Vec2Checkpoint.open(given(FEATURES))) {
            assertEquals(List.of(), codec.warnings());
            assertEquals(List.of(), features.warnings());
            BiCodecTensors.forEach(
                    codec.config(),
                    codec.speakerSizes(),
                    (name, shape) -> {
                        try (Arena arena = Arena.ofShared()) {
                            assertArrayEquals(shape, codec.tensor(name, arena).shape(), name);
                        }
                    });
            Wav2Vec2Tensors.forEach(
                    features.config(),
                    (name, shape) -> {
                        try (Arena arena = Arena.ofShared()) {
                            assertArrayEquals(shape, features.tensor(name, arena).shape(), name);
                        }
                    });
        }
    }

    /** Folded by torch in float32: a unit or two in the last place of each. */
    @Test
    void foldedAsPublished() throws IOException {
        try (BiCodecCheckpoint codec = BiCodecCheckpoint.open(given(CODEC));
                SafetensorsFile folded =
                        SafetensorsFile.open(given("bicodec/bicodec_folded.safetensors"))) {
            assertFalse(folded.names().isEmpty());
            for (String name : folded.names()) {
                try (Arena arena = Arena.ofShared()) {
                    HostTensor ours = codec.tensor(name, arena);
                    assertEquals(DType.F32, ours.dtype());
                    assertArrayEquals(folded.shape(name), ours.shape(), name);
                    double[] theirs = folded.tensor(name).toDoubles();
                    for (int i = 0; i < theirs.length; i++) {
                        double unit = Math.ulp((float) theirs[i]);
                        assertEquals(theirs[i], ours.get(i), 3 * unit, name + " at " + i);
                    }
                }
            }
        }
    }

    /** The file's own numbers, multiplied out by hand: a gain for each of the last axis. */
    @Test
    void positionalConvolution() throws IOException {
        String name = "encoder.pos_conv_embed.conv.weight";
        try (Wav2Vec2Checkpoint features = Wav2Vec2Checkpoint.open(given(FEATURES));
                TorchPickleFile file =
                        TorchPickleFile.open(given(FEATURES + "/pytorch_model.bin"));
                Arena arena = Arena.ofShared()) {
            HostTensor weight = features.tensor(name, arena);
            HostTensor g = file.map("wav2vec2." + name + "_g", arena);
            HostTensor v = file.map("wav2vec2." + name + "_v", arena);
            int taps = (int) v.dim(2);
            for (int tap = 0; tap < taps; tap++) {
                double square = 0;
                for (long i = tap; i < v.elements(); i += taps) {
                    square += v.get(i) * v.get(i);
                }
                for (long i = tap; i < v.elements(); i += taps) {
                    double expected = v.get(i) / Math.sqrt(square) * g.get(tap);
                    assertEquals(expected, weight.get(i), 1e-6 * Math.abs(expected));
                }
            }
        }
    }

    @Test
    void tensorsLiveInTheirArena() {
        HostTensor plain;
        HostTensor folded;
        try (Arena arena = Arena.ofShared()) {
            try (BiCodecCheckpoint codec = BiCodecCheckpoint.open(golden(CODEC))) {
                plain = codec.tensor("encoder.project.weight", arena);
                folded = codec.tensor("decoder.model.0.weight", arena);
                assertRefused(
                        () -> codec.tensor("absent", arena), "model.safetensors: no tensor absent");
                assertRefused(
                        () -> codec.tensor("absent.weight", arena), "no tensor absent.weight");
            }
            assertTrue(plain.data().isReadOnly());
            assertEquals(16 * 12, plain.toDoubles().length);
            assertEquals(32 * 16 * 7, folded.toDoubles().length);
        }
        assertThrows(IllegalStateException.class, () -> plain.get(0));
        assertThrows(IllegalStateException.class, () -> folded.get(0));
    }

    @Test
    void newerSpellingOfWeightNorm() throws IOException {
        copyCodec();
        String name = "decoder.model.1.block.1.weight";
        editHeader(".weight_g\"", ".parametrizations.weight.original0\"");
        editHeader(".weight_v\"", ".parametrizations.weight.original1\"");
        try (BiCodecCheckpoint published = BiCodecCheckpoint.open(golden(CODEC));
                BiCodecCheckpoint newer = BiCodecCheckpoint.open(folder);
                Arena arena = Arena.ofShared()) {
            assertEquals(List.of(), newer.warnings());
            assertArrayEquals(
                    published.tensor(name, arena).toDoubles(),
                    newer.tensor(name, arena).toDoubles());
        }
    }

    @Test
    void alreadyFolded() throws IOException {
        copyCodec();
        editHeader("decoder.model.0.weight_v", "decoder.model.0.weight");
        try (BiCodecCheckpoint codec = BiCodecCheckpoint.open(folder);
                SafetensorsFile file = SafetensorsFile.open(golden(CODEC + "/model.safetensors"));
                Arena arena = Arena.ofShared()) {
            assertArrayEquals(
                    file.tensor("decoder.model.0.weight_v").toDoubles(),
                    codec.tensor("decoder.model.0.weight", arena).toDoubles());
        }
    }

    @Test
    void unknownTensorsAreWarnedOf() throws IOException {
        copyCodec();
        editHeader("quantizer.cluster_size", "quantizer.mean_size");
        try (BiCodecCheckpoint codec = BiCodecCheckpoint.open(folder)) {
            assertEquals(1, codec.warnings().size());
            assertTrue(
                    codec.warnings()
                            .getFirst()
                            .endsWith("1 unused tensor(s): quantizer.mean_size"));
        }
    }

    @ParameterizedTest
    @CsvSource({
        "encoder.project.bias, encoder.project.offset, no tensor encoder.project.bias",
        "decoder.model.0.weight_g, decoder.model.0.weight_x, no tensor decoder.model.0.weight",
        "perceiver_sampler.layers.1.1.2.bias, x, no tensor speaker_encoder.perceiver_sampler.layers.1",
        "speaker_encoder.layer1.conv.weight, x, no tensor speaker_encoder.speaker_encoder.layer1",
        "layer3.se_res2block.1.bns.6.running_var, x, layer3.se_res2block.1.bns.6.running_var"
    })
    void missingTensors(String from, String to, String problem) throws IOException {
        copyCodec();
        editHeader(from, to);
        assertBadCodec("model.safetensors: ", problem);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "vocos_intermediate_dim: 20 | vocos_intermediate_dim: 21 |"
                        + " encoder.encoder.convnext.0.pwconv1.weight has shape [20, 12], but by"
                        + " config.yaml it is [21, 12]",
                "vocos_num_layers: 3 | vocos_num_layers: 4 | prenet.vocos_backbone.convnext.3.",
                "vocos_num_layers: 3 | vocos_num_layers: 2147483647 | convnext.3.",
                "channels: 32 | channels: 64 | decoder.model.0.weight_g has shape [32, 1, 1], but"
                        + " by config.yaml it is [64, 1, 1]",
                "kernel_sizes: [16, 11, 8, 4] | kernel_sizes: [16, 13, 8, 4] |"
                        + " decoder.model.2.block.1.weight_v",
                "token_num: 8 | token_num: 9 | speaker_encoder.perceiver_sampler.latents",
                "codebook_size: 64 | codebook_size: 65 | quantizer.codebook.weight has shape",
                "sample_ratios: [1,1] | sample_ratios: [1,1,1] | encoder.downsample.2.1.embed.weight",
                "fsq_levels: [4, 4, 4] | fsq_levels: [4, 4] | speaker_encoder.quantizer.project_in"
            })
    void configContradictsShapes(String from, String to, String problem) throws IOException {
        copyCodec();
        edit("config.yaml", from, to);
        assertBadCodec("model.safetensors: ", problem);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "layer2.se_res2block.3.linear1.weight\":{\"dtype\":\"F32\",\"shape\":[6,16]|[16,6]|"
                        + "layer2.se_res2block.3.linear1.weight has shape [16, 6]",
                "layer2.se_res2block.1.convs.0.weight\":{\"dtype\":\"F32\",\"shape\":[2,2,3]|[3,2,2]|"
                        + "layer2.se_res2block.1.convs.0.weight has 3 channels, no part of 16",
                "layers.0.0.to_q.weight\":{\"dtype\":\"F32\",\"shape\":[512,5]|[2560]|"
                        + "layers.0.0.to_q.weight has shape [2560]",
                "layers.0.1.2.weight\":{\"dtype\":\"F32\",\"shape\":[5,13]|[65]|"
                        + "layers.0.1.2.weight has shape [65]"
            })
    void inconsistentSpeakerEncoder(String tensor, String shape, String problem)
            throws IOException {
        copyCodec();
        editHeader(tensor, tensor.substring(0, tensor.lastIndexOf('[')) + shape);
        assertBadCodec("model.safetensors: tensor speaker_encoder.", problem);
    }

    @Test
    void zeroDirection() throws IOException {
        copyCodec();
        Path file = folder.resolve("model.safetensors");
        byte[] bytes = Files.readAllBytes(file);
        try (SafetensorsFile open = SafetensorsFile.open(file)) {
            byte[] direction =
                    open.tensor("decoder.model.6.weight_v").data().toArray(ValueLayout.JAVA_BYTE);
            int at = 0;
            while (!Arrays.equals(
                    bytes, at, at + direction.length, direction, 0, direction.length)) {
                at++;
            }
            Arrays.fill(bytes, at, at + direction.length, (byte) 0);
        }
        Files.write(file, bytes);
        try (BiCodecCheckpoint codec = BiCodecCheckpoint.open(folder);
                Arena arena = Arena.ofShared()) {
            assertRefused(
                    () -> codec.tensor("decoder.model.6.weight", arena),
                    "tensor decoder.model.6.weight_v has no direction: all zero at index 0");
        }
    }

    /** The tensors of the pickle as safetensors, without the prefix, in the newer spelling. */
    @Test
    void featuresInSafetensors() throws IOException {
        String name = "encoder.pos_conv_embed.conv.weight";
        Files.copy(golden(FEATURES).resolve("config.json"), folder.resolve("config.json"));
        assertBadFeatures("neither model.safetensors nor pytorch_model.bin in it");
        try (TorchPickleFile pickle =
                TorchPickleFile.open(golden(FEATURES + "/pytorch_model.bin"))) {
            TestFiles.convert(
                    pickle,
                    folder.resolve("model.safetensors"),
                    stored ->
                            stored.replace("wav2vec2.", "")
                                    .replace("weight_g", "parametrizations.weight.original0")
                                    .replace("weight_v", "parametrizations.weight.original1"));
        }
        Files.write(folder.resolve("pytorch_model.bin"), new byte[1]);
        try (Wav2Vec2Checkpoint published = Wav2Vec2Checkpoint.open(golden(FEATURES));
                Wav2Vec2Checkpoint converted = Wav2Vec2Checkpoint.open(folder);
                Arena arena = Arena.ofShared()) {
            assertEquals(List.of(), converted.warnings());
            for (String tensor : List.of(name, "encoder.layers.15.final_layer_norm.bias")) {
                assertArrayEquals(
                        published.tensor(tensor, arena).toDoubles(),
                        converted.tensor(tensor, arena).toDoubles());
            }
        }
        edit("config.json", "\"num_conv_pos_embeddings\": 16", "\"num_conv_pos_embeddings\": 17");
        assertBadFeatures(
                "encoder.pos_conv_embed.conv.parametrizations.weight.original0 has shape");
        Files.delete(folder.resolve("model.safetensors"));
        assertBadFeatures("pytorch_model.bin: not a zip archive");
    }

    @ParameterizedTest
    @CsvSource({
        "hidden_size, 16, 32, wav2vec2.feature_projection.projection.weight",
        "intermediate_size, 24, 25, wav2vec2.encoder.layers.0.feed_forward.intermediate_dense",
        "num_conv_pos_embedding_groups, 4, 2, wav2vec2.encoder.pos_conv_embed.conv.weight_v"
    })
    void featuresContradictConfig(String key, String is, String becomes, String tensor)
            throws IOException {
        for (String file : new String[] {"config.json", "pytorch_model.bin"}) {
            Files.copy(golden(FEATURES).resolve(file), folder.resolve(file));
        }
        edit("config.json", "\"" + key + "\": " + is, "\"" + key + "\": " + becomes);
        assertBadFeatures("pytorch_model.bin: tensor " + tensor, "by config.json it is");
    }

    /** Parameters of the published modules (in millions, from the published file's size). */
    @Test
    void publishedSizes() {
        Map<String, long[]> codec =
                BiCodecTensors.all(BiCodecConfig.SPARK_TTS_0_5B, SpeakerSizes.SPARK_TTS_0_5B);
        assertEquals(30.49, millions(codec, "encoder."), 0.005);
        assertEquals(39.39, millions(codec, "prenet."), 0.005);
        assertEquals(52.62, millions(codec, "decoder."), 0.05);
        Map<String, long[]> features = Wav2Vec2Tensors.all(Wav2Vec2Config.XLSR_53);
        assertEquals(214.7, millions(features, ""), 0.05);
        assertFalse(features.containsKey("encoder.layers.16.layer_norm.weight"));
        assertTrue(Wav2Vec2Tensors.isUnused("encoder.layers.16.x", Wav2Vec2Config.XLSR_53));
        assertFalse(Wav2Vec2Tensors.isUnused("encoder.layers.24.x", Wav2Vec2Config.XLSR_53));
    }

    private static double millions(Map<String, long[]> tensors, String prefix) {
        return tensors.entrySet().stream()
                        .filter(t -> t.getKey().startsWith(prefix))
                        .mapToLong(t -> Arrays.stream(t.getValue()).reduce(1, (a, b) -> a * b))
                        .sum()
                / 1e6;
    }
}
