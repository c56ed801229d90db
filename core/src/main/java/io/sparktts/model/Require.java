package io.sparktts.model;

import java.util.List;

/** What configurations have to hold; messages use the configuration files' names. */
final class Require {
    private Require() {}

    static void positive(String name, int value) {
        if (value <= 0) {
            throw new IllegalArgumentException(name + " must be positive: " + value);
        }
    }

    static void positive(String name, List<Integer> values) {
        if (values.isEmpty() || values.stream().anyMatch(v -> v <= 0)) {
            throw new IllegalArgumentException(
                    name + " must be one or more positive numbers: " + values);
        }
    }

    static void positive(String name, double value) {
        if (!(value > 0) || Double.isInfinite(value)) {
            throw new IllegalArgumentException(name + " must be positive: " + value);
        }
    }

    static void sameLength(String name, List<Integer> a, String otherName, List<Integer> b) {
        if (a.size() != b.size()) {
            throw new IllegalArgumentException(
                    name + " " + a + " and " + otherName + " " + b + " differ in length");
        }
    }

    static void equal(String name, int value, String otherName, int other) {
        if (value != other) {
            throw new IllegalArgumentException(
                    name + " " + value + " is not " + otherName + " " + other);
        }
    }

    static void multiple(String name, int value, String otherName, int divisor) {
        if (value % divisor != 0) {
            throw new IllegalArgumentException(
                    name + " " + value + " is not a multiple of " + otherName + " " + divisor);
        }
    }

    /** A convolution that leaves out no sample. */
    static void kernelCoversStride(String name, int kernel, String otherName, int stride) {
        if (kernel < stride) {
            throw new IllegalArgumentException(
                    name + " " + kernel + " is less than " + otherName + " " + stride);
        }
    }
}
