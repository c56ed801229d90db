/** Benchmarks: which rows, how long they take, and how each is measured in a JVM of its own. */
@NullMarked
package io.sparktts.harness.bench;

import org.jspecify.annotations.NullMarked;
