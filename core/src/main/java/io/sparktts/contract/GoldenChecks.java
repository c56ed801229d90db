package io.sparktts.contract;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Golden checks of a directory that the published PyTorch implementation filled: {@code ops},
 * {@code sampling}, {@code llm}, {@code llm_bf16}, {@code bicodec}, {@code wav2vec2} and {@code
 * tiny_ckpt}. Widths, names and counts come from the files.
 */
public final class GoldenChecks {
    private static final List<String> FILES =
            List.of(
                    "ops/ops_golden.json",
                    "ops/ops_golden.safetensors",
                    "sampling/sampling_golden.json",
                    "sampling/sampling_golden.safetensors",
                    "llm/llm_golden.json",
                    "llm/llm_golden.safetensors",
                    "llm/llm_bf16_golden.safetensors",
                    "llm_bf16/config.json",
                    "llm_bf16/model.safetensors",
                    "tiny_ckpt/LLM/config.json",
                    "tiny_ckpt/LLM/model.safetensors",
                    "tiny_ckpt/BiCodec/config.yaml",
                    "tiny_ckpt/BiCodec/model.safetensors",
                    "tiny_ckpt/wav2vec2-large-xlsr-53/config.json",
                    "tiny_ckpt/wav2vec2-large-xlsr-53/pytorch_model.bin",
                    "tiny_ckpt/config.yaml",
                    "tiny_ckpt/LLM/tokenizer.json",
                    "tiny_ckpt/prompt.wav",
                    "wav2vec2/wav2vec2_golden.safetensors",
                    "bicodec/bicodec_golden.safetensors",
                    "bicodec/fsq_golden.safetensors",
                    "bicodec/stream_golden.json",
                    "bicodec/stream_golden.safetensors",
                    "e2e/e2e_golden.json",
                    "e2e/e2e_golden.safetensors");

    private GoldenChecks() {}

    /**
     * The checks of a directory, whose files are read again when a check runs.
     *
     * @throws GoldenException if it is not such a directory, naming what is missing
     */
    public static List<GoldenCheck> of(Path directory) {
        if (!Files.isDirectory(directory)) {
            throw new GoldenException("golden directory " + directory + " does not exist");
        }
        for (String file : FILES) {
            if (!Files.isReadable(directory.resolve(file))) {
                throw new GoldenException("golden directory " + directory + " lacks " + file);
            }
        }
        List<GoldenCheck> checks = new ArrayList<>();
        checks.addAll(GoldenOps.ops(directory));
        checks.addAll(GoldenCodecOps.all(directory));
        checks.addAll(GoldenOps.sampling(directory));
        checks.addAll(GoldenLlm.all(directory));
        checks.addAll(GoldenCodec.all(directory));
        return List.copyOf(checks);
    }

    /** The checks of the files that come with this library. */
    public static List<GoldenCheck> bundled() {
        return of(Bundle.DIRECTORY);
    }

    /** The bundled files, in a directory: they are mapped, which an entry of a jar cannot be. */
    public static Path bundledDirectory() {
        return Bundle.DIRECTORY;
    }

    private static final class Bundle {
        static final Path DIRECTORY = extract();

        private static Path extract() {
            try {
                Path directory = Files.createTempDirectory("sparktts-golden");
                directory.toFile().deleteOnExit();
                for (String file : FILES) {
                    Path target = directory.resolve(file);
                    Files.createDirectories(target.getParent());
                    deleteOnExit(directory, file);
                    try (InputStream in =
                            GoldenChecks.class.getResourceAsStream("/golden/" + file)) {
                        if (in == null) {
                            throw new GoldenException("the bundled golden files lack " + file);
                        }
                        Files.copy(in, target);
                    }
                }
                return directory;
            } catch (IOException e) {
                throw new UncheckedIOException("the bundled golden files cannot be unpacked", e);
            }
        }

        /** Deletions run in reverse order, so what holds a file has to be named before it. */
        private static void deleteOnExit(Path root, String file) {
            Path p = root;
            for (String part : file.split("/", -1)) {
                p = p.resolve(part);
                p.toFile().deleteOnExit();
            }
        }
    }
}
