@NullMarked
package io.sparktts.harness.speech;

import org.jspecify.annotations.NullMarked;
