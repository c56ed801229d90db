package io.sparktts.text;

import ai.djl.engine.EngineException;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.huggingface.tokenizers.jni.LibUtils;
import ai.djl.util.Utils;

import org.jspecify.annotations.Nullable;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.OptionalInt;
import java.util.stream.IntStream;

/**
 * The tokenizer of a checkpoint, by Hugging Face's own library through DJL. Nothing is truncated,
 * padded or inserted. Unpaired surrogates in text count as U+FFFD.
 *
 * <p>Any number of threads may encode and decode; {@link #close} has to wait for them.
 */
public final class Tokenizer implements AutoCloseable {
    private static final Map<String, String> OPTIONS =
            Map.of("addSpecialTokens", "false", "truncation", "false", "padding", "false");

    private final Path file;
    private final Map<String, Integer> vocabulary;
    private final Map<String, Integer> added;
    private final HuggingFaceTokenizer plain;
    private final String json;
    private @Nullable HuggingFaceTokenizer full;

    private Tokenizer(Path file) {
        TokenizerFile content = TokenizerFile.read(file);
        this.file = file;
        this.vocabulary = content.vocabulary();
        this.added = content.added();
        loadLibrary(file);
        this.plain = load(file, content.plainJson());
        this.json = content.json();
    }

    /**
     * Opens a {@code tokenizer.json}; nothing is ever fetched.
     *
     * <p>The first call of a machine unpacks the native library from DJL's jar into {@code
     * DJL_CACHE_DIR} (environment or system property), otherwise {@code ~/.djl.ai} or, without a
     * writable home, {@code .djl.ai} in the folder for temporary files.
     *
     * @throws TokenizerException if the file is damaged or the library cannot be unpacked or loaded
     */
    public static Tokenizer open(Path tokenizerJson) {
        return new Tokenizer(tokenizerJson);
    }

    /** The ids of a text in which spellings of added tokens become those tokens. */
    public int[] encode(String text) {
        return encode(full(), text);
    }

    /**
     * The ids of a text in which no spelling becomes an added token: {@code <|im_end|>} is encoded
     * as the ten characters it has. Other text gets the ids of {@link #encode}, since added tokens
     * are the only difference of the two: normaliser, pre-tokeniser and merges are the same and
     * still see the whole text.
     */
    public int[] encodePlain(String text) {
        return encode(plain, text);
    }

    /** The text of ids, special tokens included; see {@link #decode(int[], boolean)}. */
    public String decode(int[] ids) {
        return decode(ids, false);
    }

    /**
     * The text of ids. Bytes that are no UTF-8 decode to U+FFFD, unknown ids to nothing.
     *
     * @param skipSpecialTokens leaves out tokens that the file marks as special, which those of
     *     Spark-TTS are not
     */
    public String decode(int[] ids, boolean skipSpecialTokens) {
        return full().decode(IntStream.of(ids).asLongStream().toArray(), skipSpecialTokens);
    }

    /** The id of an added token, or else of a token of the vocabulary in its byte alphabet. */
    public OptionalInt id(String token) {
        Integer id = added.getOrDefault(token, vocabulary.get(token));
        return id == null ? OptionalInt.empty() : OptionalInt.of(id);
    }

    /** Ids of added tokens by their spelling. */
    public Map<String, Integer> addedTokens() {
        return added;
    }

    /** The file it was read from, for messages. */
    public Path file() {
        return file;
    }

    @Override
    public synchronized void close() {
        if (full != null) {
            full.close();
        }
        plain.close();
    }

    /** Made when it is asked for: speech needs it only for text with control tokens. */
    private synchronized HuggingFaceTokenizer full() {
        HuggingFaceTokenizer made = full;
        if (made == null) {
            made = load(file, json);
            full = made;
        }
        return made;
    }

    private static int[] encode(HuggingFaceTokenizer tokenizer, String text) {
        // An unpaired surrogate would spoil every character beyond the basic plane in the text
        String wellFormed =
                new String(text.getBytes(StandardCharsets.UTF_16BE), StandardCharsets.UTF_16BE);
        long[] ids = tokenizer.encode(wellFormed).getIds();
        return Arrays.stream(ids).mapToInt(Math::toIntExact).toArray();
    }

    private static HuggingFaceTokenizer load(Path file, String json) {
        try {
            return HuggingFaceTokenizer.newInstance(
                    new ByteArrayInputStream(json.getBytes(StandardCharsets.UTF_8)), OPTIONS);
        } catch (IOException | RuntimeException e) {
            throw new TokenizerException(file, "not a tokenizer: " + e.getMessage(), e);
        }
    }

    private static void loadLibrary(Path file) {
        // DJL reads these on every use: no telemetry, no download of a library for CUDA
        System.setProperty("ai.djl.offline", "true");
        System.setProperty("OPT_OUT_TRACKING", "true");
        Path cache = Utils.getEngineCacheDir("tokenizers");
        try {
            Files.createDirectories(cache);
            LibUtils.checkStatus();
        } catch (IOException | EngineException | LinkageError e) {
            throw new TokenizerException(
                    file,
                    "the tokenizer's native library cannot be unpacked into or loaded from "
                            + cache
                            + " ("
                            + rootCause(e)
                            + "); set DJL_CACHE_DIR to a folder that can be written to and may"
                            + " hold libraries",
                    e);
        }
    }

    private static Throwable rootCause(Throwable e) {
        Throwable cause = e;
        while (cause.getCause() != null) {
            cause = cause.getCause();
        }
        return cause;
    }
}
