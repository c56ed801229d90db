@NullMarked
package io.sparktts.checkpoint;

import org.jspecify.annotations.NullMarked;
