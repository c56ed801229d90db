package io.sparktts.checkpoint;

import java.io.Serial;
import java.nio.file.Path;

/**
 * A checkpoint is damaged, incomplete or of another model; the message is one line that names the
 * file.
 */
public final class CheckpointException extends RuntimeException {
    @Serial private static final long serialVersionUID = 1L;

    CheckpointException(Path file, String problem) {
        super(oneLine(file + ": " + problem));
    }

    CheckpointException(Path file, String problem, Throwable cause) {
        super(oneLine(file + ": " + problem), cause);
    }

    /** Names come from the file, so they may hold line ends or terminal escapes. */
    private static String oneLine(String message) {
        return message.replaceAll("\\p{Cntrl}", "?");
    }
}
