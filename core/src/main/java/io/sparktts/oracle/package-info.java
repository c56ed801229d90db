/**
 * The float64 oracle: plain functions over {@code double[]} that say what every kernel has to
 * compute.
 */
@NullMarked
package io.sparktts.oracle;

import org.jspecify.annotations.NullMarked;
