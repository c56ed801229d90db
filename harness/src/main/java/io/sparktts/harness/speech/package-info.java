/** Commands that speak: {@code say}, {@code voice}, {@code model}. */
@NullMarked
package io.sparktts.harness.speech;

import org.jspecify.annotations.NullMarked;
