package io.sparktts.text;

import java.io.Serial;
import java.nio.file.Path;

/**
 * A tokenizer cannot be read, loaded or lacks a token of Spark-TTS; the message is one line that
 * names the file.
 */
public final class TokenizerException extends RuntimeException {
    @Serial private static final long serialVersionUID = 1L;

    TokenizerException(Path file, String problem) {
        super(oneLine(file + ": " + problem));
    }

    TokenizerException(Path file, String problem, Throwable cause) {
        super(oneLine(file + ": " + problem), cause);
    }

    /** Names come from the file, so they may hold line ends or terminal escapes. */
    private static String oneLine(String message) {
        return message.replaceAll("\\p{Cntrl}", "?");
    }
}
