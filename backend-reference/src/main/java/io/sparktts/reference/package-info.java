/**
 * The {@code reference} backend: the oracle behind the kernel interface, rounding once per
 * operation.
 */
@NullMarked
package io.sparktts.reference;

import org.jspecify.annotations.NullMarked;
