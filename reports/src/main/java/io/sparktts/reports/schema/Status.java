package io.sparktts.reports.schema;

/** How a row ended. Only a {@link #PASSED} row carries a speed. */
public enum Status {
    PASSED,
    /** The error exceeds the tolerance. */
    INCORRECT,
    /** The output holds NaN or infinity where the reference does not. */
    NON_FINITE,
    /** The backend says that it has no such operation or dtype. */
    UNSUPPORTED,
    ERROR,
    TIMEOUT,
    SKIPPED
}
