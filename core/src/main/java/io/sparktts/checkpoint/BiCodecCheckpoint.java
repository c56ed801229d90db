package io.sparktts.checkpoint;

import io.sparktts.backend.HostTensor;
import io.sparktts.model.BiCodecConfig;
import io.sparktts.model.BiCodecTensors;
import io.sparktts.model.SpeakerSizes;
import io.sparktts.model.WeightSource;

import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * A BiCodec on disk: {@code config.yaml} and its safetensors file. Names, shapes and types of all
 * tensors that inference needs are checked on opening; no weight is read before it is asked for.
 */
public final class BiCodecCheckpoint implements WeightSource, AutoCloseable {
    private static final String CONFIG = "config.yaml";

    /** Weight norm has a gain for each row, which is an input of a transposed convolution. */
    static final int NORM_AXIS = 0;

    private final BiCodecConfig config;
    private final SpeakerSizes speakerSizes;
    private final FoldedTensors tensors;
    private final Set<String> needed = new HashSet<>();

    private BiCodecCheckpoint(BiCodecConfig config, FoldedTensors tensors) {
        this.config = config;
        this.tensors = tensors;
        speakerSizes = new SpeakerSizesReader(tensors).read();
        BiCodecTensors.forEach(
                config,
                speakerSizes,
                (name, shape) -> {
                    tensors.check(name, shape);
                    needed.add(name);
                });
    }

    /**
     * Opens and checks a codec.
     *
     * @param folder {@code BiCodec} of a Spark-TTS
     * @throws CheckpointException naming the file, and the tensor, that is wrong
     */
    public static BiCodecCheckpoint open(Path folder) {
        BiCodecConfig config = BiCodecConfigFile.read(folder.resolve(CONFIG));
        Shards shards = Shards.open(folder);
        try {
            return new BiCodecCheckpoint(config, new FoldedTensors(shards, "", CONFIG, NORM_AXIS));
        } catch (RuntimeException | Error e) {
            shards.close();
            throw e;
        }
    }

    /** Sizes. */
    public BiCodecConfig config() {
        return config;
    }

    /** Sizes that only the tensors show. */
    public SpeakerSizes speakerSizes() {
        return speakerSizes;
    }

    /** What is odd but does no harm: tensors that BiCodec does not have. */
    public List<String> warnings() {
        return tensors.unusedWarnings(
                name -> needed.contains(name) || BiCodecTensors.isForTraining(name));
    }

    /**
     * {@inheritDoc} A weight under weight norm is folded, in F32; any other tensor is a read-only
     * mapping of its own.
     *
     * @param name as in the published checkpoint, of a weight under weight norm {@code ….weight}
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
