package io.sparktts.contract;

/**
 * What a check gave on a device.
 *
 * @param name of the case or golden check
 * @param device what it ran on
 * @param variant of the operation; empty where none was chosen
 * @param status how it ended
 * @param comparison errors; all zero if the kernel did not run
 * @param message one line; empty if it passed
 */
public record CaseResult(
        String name,
        String device,
        String variant,
        CaseStatus status,
        Comparison comparison,
        String message) {
    private static final Comparison NONE = new Comparison(0, 0, 0, 0, "");

    /** Whether nothing is wrong: it passed, or the backend does not claim to run it. */
    public boolean acceptable() {
        return status == CaseStatus.PASSED || status == CaseStatus.UNSUPPORTED;
    }

    static CaseResult of(String name, String device, String variant, Comparison c) {
        CaseStatus status =
                c.passed()
                        ? CaseStatus.PASSED
                        : c.nonFinite() > 0 ? CaseStatus.NON_FINITE : CaseStatus.INCORRECT;
        return new CaseResult(name, device, variant, status, c, c.message());
    }

    static CaseResult unsupported(String name, String device, String variant, String reason) {
        return new CaseResult(name, device, variant, CaseStatus.UNSUPPORTED, NONE, reason);
    }

    static CaseResult error(String name, String device, String variant, Throwable e) {
        String message =
                e.getClass().getSimpleName()
                        + ": "
                        + String.valueOf(e.getMessage()).replace('\n', ' ');
        return new CaseResult(name, device, variant, CaseStatus.ERROR, NONE, message);
    }

    @Override
    public String toString() {
        return status
                + " "
                + name
                + (variant.isEmpty() ? "" : " [" + variant + "]")
                + " on "
                + device
                + (message.isEmpty() ? "" : ": " + message)
                + (comparison.compared() == 0
                        ? ""
                        : " (max abs diff "
                                + comparison.maxAbsDiff()
                                + ", "
                                + comparison.worstInTolerance()
                                + " of tolerance, "
                                + comparison.nonFinite()
                                + " non-finite)");
    }
}
