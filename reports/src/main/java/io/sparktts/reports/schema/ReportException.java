package io.sparktts.reports.schema;

/**
 * Bad input or an unusable machine, with one line that says what is wrong and how to put it right.
 */
public final class ReportException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public ReportException(String message) {
        super(message);
    }

    public ReportException(String message, Throwable cause) {
        super(message, cause);
    }
}
