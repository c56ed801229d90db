package io.sparktts.harness;

/**
 * Something that the user can put right; the message is one line, the code what the program exits
 * with.
 */
public final class UserError extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** Everything went well. */
    public static final int OK = 0;

    /** An error of the program itself. */
    public static final int FAILURE = 1;

    /** Bad input. */
    public static final int USAGE = 2;

    /** A backend that was named or required cannot run. */
    public static final int UNAVAILABLE = 3;

    /** A kernel is wrong, or did not finish. */
    public static final int INCORRECT = 4;

    /** The model said nothing that can be spoken. */
    public static final int NO_SPEECH = 5;

    private final int exitCode;

    private UserError(int exitCode, String message) {
        super(message);
        this.exitCode = exitCode;
    }

    /** Bad input: the message names what is valid. */
    public static UserError usage(String message) {
        return new UserError(USAGE, message);
    }

    /** A backend cannot run: the message holds the remedy. */
    public static UserError unavailable(String message) {
        return new UserError(UNAVAILABLE, message);
    }

    /** There is no audio, for this reason. */
    public static UserError noSpeech(String message) {
        return new UserError(NO_SPEECH, message);
    }

    /** What the program exits with. */
    public int exitCode() {
        return exitCode;
    }
}
