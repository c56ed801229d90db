package io.sparktts.contract;

/** How a check of a kernel ended. */
public enum CaseStatus {
    /** Everything is within tolerance. */
    PASSED,
    /** A finite value is outside tolerance, or memory was touched that should not be. */
    INCORRECT,
    /** NaN or infinity where the truth is finite. */
    NON_FINITE,
    /** The backend says that it does not run this; the message says why. */
    UNSUPPORTED,
    /** An exception; the message is its own. */
    ERROR
}
