package io.sparktts.backend;

/**
 * Whether a device can run an operation in a dtype.
 *
 * @param supported whether it can
 * @param reason why not, in one line; empty when it can
 */
public record Support(boolean supported, String reason) {
    /** It can. */
    public static final Support YES = new Support(true, "");

    /** It cannot, because of {@code reason}. */
    public static Support no(String reason) {
        return new Support(false, reason);
    }
}
