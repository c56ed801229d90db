@NullMarked
package io.sparktts.vector;

import org.jspecify.annotations.NullMarked;
