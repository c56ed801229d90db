/**
 * The {@code vector} backend: kernels in the Vector API on all cores, for machines without a GPU.
 *
 * <p>Every kernel computes in float32. Storage types are widened on the way in and rounded once on
 * the way out, a few cache lines at a time.
 */
@NullMarked
package io.sparktts.vector;

import org.jspecify.annotations.NullMarked;
