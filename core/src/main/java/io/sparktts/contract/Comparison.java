package io.sparktts.contract;

/**
 * What a comparison with the truth showed.
 *
 * @param maxAbsDiff largest absolute difference of the elements that are finite
 * @param nonFinite elements that are NaN or infinite where the truth is not that very infinity
 * @param worstInTolerance largest error over its bound; at most 1 passes, infinite for a violation
 *     without a measure
 * @param compared elements that were compared
 * @param message the first violation, in one line; empty if it passed
 */
public record Comparison(
        double maxAbsDiff, long nonFinite, double worstInTolerance, long compared, String message) {
    /** Whether every element was finite and within tolerance and nothing else was violated. */
    public boolean passed() {
        return nonFinite == 0 && worstInTolerance <= 1 && message.isEmpty();
    }

    /** Gathers a comparison element by element. */
    public static final class Builder {
        private double maxAbsDiff;
        private long nonFinite;
        private double worst;
        private long compared;
        private String message = "";

        /**
         * One element.
         *
         * @param bound the error that is allowed
         * @param where names the element in the message
         */
        public void element(double actual, double truth, double bound, String where, long index) {
            compared++;
            if (actual == truth) {
                return;
            }
            if (!Double.isFinite(actual)) {
                nonFinite(actual, where, index);
                return;
            }
            double diff = Math.abs(actual - truth);
            maxAbsDiff = Math.max(maxAbsDiff, diff);
            double ratio =
                    bound > 0 && Double.isFinite(diff) ? diff / bound : Double.POSITIVE_INFINITY;
            if (ratio > 1) {
                violation(
                        where + "[" + index + "] is " + actual + ", not " + truth + " +- " + bound);
            }
            worst = Math.max(worst, ratio);
        }

        /** An element whose value is not looked at, but which has to be finite. */
        public void finite(double actual, String where, long index) {
            if (!Double.isFinite(actual)) {
                nonFinite(actual, where, index);
            }
        }

        private void nonFinite(double actual, String where, long index) {
            nonFinite++;
            worst = Double.POSITIVE_INFINITY;
            violation(where + "[" + index + "] is " + actual);
        }

        /** Something other than an element is wrong. */
        public void fail(String what) {
            worst = Double.POSITIVE_INFINITY;
            violation(what);
        }

        /** Adds what another comparison showed. */
        public void include(Comparison other) {
            maxAbsDiff = Math.max(maxAbsDiff, other.maxAbsDiff);
            nonFinite += other.nonFinite;
            worst = Math.max(worst, other.worstInTolerance);
            compared += other.compared;
            if (!other.message.isEmpty()) {
                violation(other.message);
            }
        }

        private void violation(String what) {
            if (message.isEmpty()) {
                message = what;
            }
        }

        /** The result so far. */
        public Comparison build() {
            return new Comparison(maxAbsDiff, nonFinite, worst, compared, message);
        }
    }
}
