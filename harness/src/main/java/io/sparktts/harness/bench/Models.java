package io.sparktts.harness.bench;

import io.sparktts.backend.DType;
import io.sparktts.backend.Device;
import io.sparktts.backend.Variants;
import io.sparktts.checkpoint.BiCodecCheckpoint;
import io.sparktts.checkpoint.Qwen2Checkpoint;
import io.sparktts.checkpoint.SyntheticCheckpoint.Size;
import io.sparktts.harness.UserError;
import io.sparktts.model.BiCodecConfig;
import io.sparktts.model.Qwen2;
import io.sparktts.model.Qwen2Config;
import io.sparktts.model.SyntheticWeights;
import io.sparktts.speech.LoadOptions;
import io.sparktts.speech.SparkTts;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/** Models by the name that {@code --model} takes. */
public final class Models {
    /** Seed of synthetic weights. */
    static final long SEED = 20_250_301;

    private static final String CODEC = "BiCodec";

    private Models() {}

    /**
     * A model's sizes. Those of a checkpoint come from its files, which are checked.
     *
     * @throws UserError naming the valid ones
     * @throws io.sparktts.checkpoint.CheckpointException naming what is wrong with a checkpoint
     */
    public static Qwen2Config config(String model) {
        return switch (model.toLowerCase(Locale.ROOT)) {
            case "tiny" -> Qwen2Config.TINY;
            case "0.5b" -> Qwen2Config.SPARK_TTS_0_5B;
            default -> {
                if (!Files.isDirectory(Path.of(model))) {
                    throw UserError.usage(
                            "unknown model '"
                                    + model
                                    + "'; valid: tiny, 0.5b, or the folder of a checkpoint");
                }
                try (Qwen2Checkpoint checkpoint = Qwen2Checkpoint.open(Path.of(model))) {
                    yield checkpoint.config();
                }
            }
        };
    }

    private static boolean synthetic(String model) {
        return model.equalsIgnoreCase("tiny") || model.equalsIgnoreCase("0.5b");
    }

    /** Its name in tables. */
    static String label(String model) {
        return switch (model.toLowerCase(Locale.ROOT)) {
            case "tiny" -> "tiny (synthetic)";
            case "0.5b" -> "Spark-TTS-0.5B (synthetic)";
            default -> String.valueOf(Path.of(model).toAbsolutePath().normalize().getFileName());
        };
    }

    /** Whether it has a codec. */
    static boolean speaks(String model) {
        return synthetic(model) || Files.isDirectory(Path.of(model, CODEC));
    }

    /** Sizes of its codec. */
    static BiCodecConfig codecConfig(String model) {
        if (synthetic(model)) {
            return size(model).codec();
        }
        try (BiCodecCheckpoint checkpoint = BiCodecCheckpoint.open(Path.of(model, CODEC))) {
            return checkpoint.config();
        }
    }

    private static Size size(String model) {
        return model.equalsIgnoreCase("tiny") ? Size.TINY : Size.PUBLISHED;
    }

    /** Brings a model that speaks to a device. */
    static SparkTts speaker(String model, Device device, DType dtype, Variants variants) {
        LoadOptions options = LoadOptions.DEFAULT.withDtype(dtype).withVariants(variants);
        return synthetic(model)
                ? SparkTts.synthetic(size(model), SEED, options, device)
                : SparkTts.load(Path.of(model), options, device);
    }

    /** Brings a model to a device. */
    static Qwen2 load(String model, Device device, DType dtype) {
        if (synthetic(model)) {
            Qwen2Config config = config(model);
            return Qwen2.load(device, config, new SyntheticWeights(config, SEED), dtype);
        }
        try (Qwen2Checkpoint checkpoint = Qwen2Checkpoint.open(Path.of(model))) {
            return Qwen2.load(device, checkpoint.config(), checkpoint, dtype);
        }
    }
}
