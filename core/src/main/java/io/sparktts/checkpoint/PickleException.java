package io.sparktts.checkpoint;

import java.io.Serial;

/** A pickle that is damaged or holds what is refused. */
final class PickleException extends Exception {
    @Serial private static final long serialVersionUID = 1L;

    /** Names in a file may be of any length. */
    private static final int MOST_CHARACTERS = 300;

    PickleException(String problem) {
        super(problem.substring(0, Math.min(MOST_CHARACTERS, problem.length())));
    }
}
