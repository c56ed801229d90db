package io.sparktts.checkpoint;

import io.sparktts.model.AudioConfig;

import java.nio.file.Path;

/** The {@code config.yaml} of a Spark-TTS; its keys for training are not read. */
final class AudioConfigFile {
    private AudioConfigFile() {}

    static AudioConfig read(Path file) {
        ConfigSection root = ConfigSection.ofYaml(file);
        return root.checked(
                () ->
                        new AudioConfig(
                                root.integer("sample_rate"),
                                root.integer("latent_hop_length"),
                                root.number("ref_segment_duration"),
                                root.bool("volume_normalize")));
    }
}
