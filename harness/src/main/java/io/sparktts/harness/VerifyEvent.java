package io.sparktts.harness;

import io.sparktts.contract.CaseResult;
import io.sparktts.contract.CaseStatus;

/**
 * A line from a process that verifies.
 *
 * @param index of the check in the list
 * @param total checks in the list
 * @param name of the check
 * @param status null when the check begins
 * @param text for the user; empty when the check begins
 */
record VerifyEvent(
        int index,
        int total,
        String name,
        @org.jspecify.annotations.Nullable CaseStatus status,
        String text) {
    static VerifyEvent begin(int index, int total, String name) {
        return new VerifyEvent(index, total, name, null, "");
    }

    static VerifyEvent end(int index, int total, CaseResult result) {
        return new VerifyEvent(index, total, result.name(), result.status(), result.toString());
    }
}
