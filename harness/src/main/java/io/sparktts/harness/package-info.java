/** The command line, and the processes in which backends run. */
@NullMarked
package io.sparktts.harness;

import org.jspecify.annotations.NullMarked;
