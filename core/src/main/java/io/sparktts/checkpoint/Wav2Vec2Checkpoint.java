package io.sparktts.checkpoint;

import io.sparktts.backend.HostTensor;
import io.sparktts.model.Wav2Vec2Config;
import io.sparktts.model.Wav2Vec2Tensors;
import io.sparktts.model.WeightSource;

import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * A wav2vec2 on disk: {@code config.json} and its tensors, in safetensors or, as published, torch's
 * pickle. Names, shapes and types of all tensors that features need are checked on opening; no
 * weight is read before it is asked for.
 */
public final class Wav2Vec2Checkpoint implements WeightSource, AutoCloseable {
    private static final String CONFIG = "config.json";

    /** What files of the whole pre-training model begin names with. */
    static final String PREFIX = "wav2vec2.";

    /** Weight norm of the positional convolution has a gain for each tap. */
    static final int NORM_AXIS = 2;

    private final Wav2Vec2Config config;
    private final FoldedTensors tensors;
    private final Set<String> needed = new HashSet<>();

    private Wav2Vec2Checkpoint(Wav2Vec2Config config, FoldedTensors tensors) {
        this.config = config;
        this.tensors = tensors;
        Wav2Vec2Tensors.forEach(
                config,
                (name, shape) -> {
                    tensors.check(name, shape);
                    needed.add(name);
                });
    }

    /**
     * Opens and checks a feature extractor.
     *
     * @param folder {@code wav2vec2-large-xlsr-53} of a Spark-TTS; if it has both files, its
     *     safetensors are read
     * @throws CheckpointException naming the file, and the tensor, that is wrong
     */
    public static Wav2Vec2Checkpoint open(Path folder) {
        Wav2Vec2Config config = Wav2Vec2ConfigFile.read(folder.resolve(CONFIG));
        Shards shards = Shards.openAny(folder);
        try {
            boolean prefixed = shards.contains(PREFIX + "feature_projection.projection.weight");
            return new Wav2Vec2Checkpoint(
                    config, new FoldedTensors(shards, prefixed ? PREFIX : "", CONFIG, NORM_AXIS));
        } catch (RuntimeException | Error e) {
            shards.close();
            throw e;
        }
    }

    /** Sizes. */
    public Wav2Vec2Config config() {
        return config;
    }

    /** What is odd but does no harm: tensors that wav2vec2 does not have. */
    public List<String> warnings() {
        return tensors.unusedWarnings(
                name -> needed.contains(name) || Wav2Vec2Tensors.isUnused(name, config));
    }

    /**
     * {@inheritDoc} The positional convolution's weight is folded, in F32; any other tensor is a
     * mapping of its own, or a copy where the file has it in another order.
     *
     * @param name without the prefix {@code wav2vec2.}
     * @throws CheckpointException if there is no such tensor
     */
    @Override
    public HostTensor tensor(String name, Arena arena) {
        return tensors.tensor(name, arena);
    }

    /** Closes the files. Tensors live on in the arenas they were made in. */
    @Override
    public void close() {
        tensors.close();
    }
}
