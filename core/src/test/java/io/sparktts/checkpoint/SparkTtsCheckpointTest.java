package io.sparktts.checkpoint;

import static io.sparktts.checkpoint.TestFiles.assertRefused;
import static io.sparktts.checkpoint.TestFiles.given;
import static io.sparktts.checkpoint.TestFiles.golden;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sparktts.backend.DType;
import io.sparktts.model.AudioConfig;
import io.sparktts.model.SyntheticCodecWeights;
import io.sparktts.model.Wav2Vec2Config;
import io.sparktts.model.Wav2Vec2Tensors;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

class SparkTtsCheckpointTest {
    private static final String FEATURES = "wav2vec2-large-xlsr-53";

    @TempDir private Path folder = Path.of("");

    @BeforeEach
    void copy() throws IOException {
        Path from = golden("tiny_ckpt");
        try (Stream<Path> tree = Files.walk(from)) {
            for (Path path : tree.filter(Files::isRegularFile).toList()) {
                Path to = folder.resolve(from.relativize(path).toString());
                Files.createDirectories(to.getParent());
                Files.copy(path, to);
            }
        }
    }

    private void assertBad(String... parts) {
        assertRefused(() -> SparkTtsCheckpoint.open(folder).close(), parts);
    }

    private void edit(String file, String from, String to) throws IOException {
        String before = Files.readString(folder.resolve(file));
        assertTrue(before.contains(from), () -> "no " + from + " in " + before);
        Files.writeString(folder.resolve(file), before.replace(from, to));
    }

    private void remove(String path) throws IOException {
        Files.move(folder.resolve(path), folder.resolve(path + ".away"));
    }

    @Test
    void givenCheckpoint() {
        Path given = given("tiny_ckpt");
        try (SparkTtsCheckpoint checkpoint = SparkTtsCheckpoint.open(given)) {
            assertEquals(AudioConfigFile.read(given.resolve("config.yaml")), checkpoint.audio());
            assertEquals(given.resolve("LLM/tokenizer.json"), checkpoint.tokenizerFile());
            assertEquals(List.of(), checkpoint.languageModel().warnings());
            assertEquals(
                    checkpoint.codec().config().encoder().inputChannels(),
                    checkpoint.wav2vec2().config().hiddenSize());
            assertSame(checkpoint.wav2vec2(), checkpoint.wav2vec2());
        }
    }

    @Test
    void featuresAreNotNeededToSpeak() throws IOException {
        remove(FEATURES);
        try (SparkTtsCheckpoint checkpoint = SparkTtsCheckpoint.open(folder)) {
            assertEquals(AudioConfig.SPARK_TTS_0_5B, checkpoint.audio());
            assertRefused(
                    checkpoint::wav2vec2, FEATURES + ": no such folder, which voices from a clip");
        }
    }

    @Test
    void missingPieces() throws IOException {
        assertRefused(() -> SparkTtsCheckpoint.open(folder.resolve("x")), "x: no such folder");
        assertRefused(() -> SparkTtsCheckpoint.open(folder.resolve("config.yaml")), "not a folder");
        remove("BiCodec/model.safetensors");
        assertBad("BiCodec/model.safetensors: no such file");
        remove("BiCodec/config.yaml");
        assertBad("BiCodec/config.yaml: no such file");
        remove("BiCodec");
        assertBad("BiCodec: no such folder, which has the codec");
        Files.createDirectory(folder.resolve("BiCodec"));
        remove("LLM/model.safetensors");
        assertBad("LLM/model.safetensors: no such file");
        remove("LLM/tokenizer.json");
        assertBad("LLM/tokenizer.json: no such file");
        remove("LLM");
        assertBad("LLM: no such folder, which has the language model");
        remove("config.yaml");
        assertBad("config.yaml: no such file");
    }

    @Test
    void partsThatContradict() throws IOException {
        edit("BiCodec/config.yaml", "rates: [8, 5, 4, 2]", "rates: [8, 5, 4, 4]");
        assertBad("config.yaml: sample_rate 16000, latent_hop_length 320 contradict", "640");
        edit("BiCodec/config.yaml", "rates: [8, 5, 4, 4]", "rates: [8, 5, 4, 2]");
        edit("config.yaml", "sample_rate: 16000", "sample_rate: 24000");
        assertBad("sample_rate 24000, latent_hop_length 320 contradict the codec's 16000");
    }

    @Test
    void featuresOfAnotherWidth() throws IOException {
        Wav2Vec2Config tiny = Wav2Vec2Config.TINY;
        Wav2Vec2Config wide =
                new Wav2Vec2Config(
                        2 * tiny.hiddenSize(),
                        tiny.layers(),
                        tiny.heads(),
                        tiny.intermediateSize(),
                        tiny.layerNormEpsilon(),
                        tiny.convDims(),
                        tiny.convKernels(),
                        tiny.convStrides(),
                        tiny.positionalKernel(),
                        tiny.positionalGroups());
        Path features = folder.resolve(FEATURES);
        Files.writeString(features.resolve("config.json"), SyntheticConfigs.wav2vec2(wide));
        SafetensorsWriter.write(
                features.resolve("model.safetensors"),
                Wav2Vec2Tensors.all(wide),
                DType.F32,
                SyntheticCodecWeights.wav2vec2(wide, 1));
        try (SparkTtsCheckpoint checkpoint = SparkTtsCheckpoint.open(folder)) {
            assertRefused(
                    checkpoint::wav2vec2,
                    "config.json: hidden_size 32, but the codec's encoder.input_channels are 16");
        }
    }
}
