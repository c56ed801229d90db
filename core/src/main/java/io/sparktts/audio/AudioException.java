package io.sparktts.audio;

import java.io.Serial;
import java.nio.file.Path;

/**
 * Sound is damaged, of an unknown format or unfit for what was asked, or a file of it cannot be
 * written; the message is one line that names the file where there is one.
 */
public final class AudioException extends RuntimeException {
    @Serial private static final long serialVersionUID = 1L;

    AudioException(String problem) {
        super(oneLine(problem));
    }

    AudioException(Path file, String problem) {
        super(oneLine(file + ": " + problem));
    }

    AudioException(Path file, String problem, Throwable cause) {
        super(oneLine(file + ": " + problem), cause);
    }

    /** Chunk names come from the file, so they may hold line ends or terminal escapes. */
    private static String oneLine(String message) {
        return message.replaceAll("\\p{Cntrl}", "?");
    }
}
