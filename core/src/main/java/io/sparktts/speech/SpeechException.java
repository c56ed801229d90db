package io.sparktts.speech;

import java.io.Serial;

/** A text, clip or voice that cannot be used, or a generation without speech; one line. */
public final class SpeechException extends RuntimeException {
    @Serial private static final long serialVersionUID = 1L;

    public SpeechException(String message) {
        super(message);
    }

    public SpeechException(String message, Throwable cause) {
        super(message, cause);
    }
}
