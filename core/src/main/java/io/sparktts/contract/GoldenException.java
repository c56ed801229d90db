package io.sparktts.contract;

/**
 * A set of golden files cannot be read or lacks something; the message is one line for the user.
 */
public final class GoldenException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    GoldenException(String message) {
        super(message);
    }

    GoldenException(String message, Throwable cause) {
        super(message, cause);
    }
}
