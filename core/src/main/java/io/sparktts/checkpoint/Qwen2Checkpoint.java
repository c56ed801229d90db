package io.sparktts.checkpoint;

import io.sparktts.backend.DType;
import io.sparktts.backend.HostTensor;
import io.sparktts.model.Qwen2Config;
import io.sparktts.model.Qwen2Tensors;
import io.sparktts.model.WeightSource;

import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A Qwen2 language model on disk: {@code config.json} and its safetensors files. Names, shapes and
 * types of all tensors are checked against the configuration on opening; no weight is read before
 * it is asked for.
 */
public final class Qwen2Checkpoint implements WeightSource, AutoCloseable {
    private static final String EMBEDDING = "model.embed_tokens.weight";

    private final Qwen2Config config;
    private final Shards shards;

    /** Stored types of the model's tensors. */
    private final Map<String, DType> dtypes = new HashMap<>();

    private Qwen2Checkpoint(Qwen2Config config, Shards shards) {
        this.config = config;
        this.shards = shards;
        Qwen2Tensors.forEach(
                config,
                (name, shape) -> dtypes.put(name, shards.check(name, "config.json", shape)));
    }

    /**
     * Reads the sizes and constants of a model.
     *
     * @param configJson a {@code config.json} as transformers 4 or 5 writes it
     * @throws CheckpointException if it is missing, incomplete, or of a model that is not
     *     implemented here
     */
    public static Qwen2Config readConfig(Path configJson) {
        return Qwen2ConfigFile.read(configJson);
    }

    /**
     * Opens and checks a checkpoint.
     *
     * @param folder of the language model, or of a whole Spark-TTS, which has it under {@code LLM}
     * @throws CheckpointException naming the file, and the tensor, that is wrong
     */
    public static Qwen2Checkpoint open(Path folder) {
        Path nested = folder.resolve("LLM");
        Path model = Files.isDirectory(nested) ? nested : folder;
        if (!Files.isDirectory(model)) {
            throw new CheckpointException(
                    model, Files.exists(model) ? "not a folder" : "no such folder");
        }
        Qwen2Config config = readConfig(model.resolve("config.json"));
        Shards shards = Shards.open(model);
        try {
            return new Qwen2Checkpoint(config, shards);
        } catch (RuntimeException | Error e) {
            shards.close();
            throw e;
        }
    }

    /** Sizes and constants. */
    public Qwen2Config config() {
        return config;
    }

    /** What the embedding is stored in. */
    public DType storedDType() {
        return shards.require(EMBEDDING).dtype(EMBEDDING);
    }

    /**
     * What is odd but does no harm, a line each: tensors that are not used, or of another type than
     * the embedding.
     */
    public List<String> warnings() {
        List<String> warnings = shards.unusedWarnings(dtypes::containsKey);
        long others = dtypes.values().stream().filter(d -> d != storedDType()).count();
        if (others > 0) {
            warnings.add(
                    others
                            + " tensor(s) of another type than the embedding's "
                            + storedDType().id());
        }
        return warnings;
    }

    /**
     * {@inheritDoc} It is a read-only mapping of its own, so closing {@code arena} gives its memory
     * back.
     *
     * @throws CheckpointException if there is no such tensor
     */
    @Override
    public HostTensor tensor(String name, Arena arena) {
        return shards.require(name).map(name, arena);
    }

    /** Closes the files. Tensors live on in the arenas they were made in. */
    @Override
    public void close() {
        shards.close();
    }
}
