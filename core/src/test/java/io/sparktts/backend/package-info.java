@NullMarked
package io.sparktts.backend;

import org.jspecify.annotations.NullMarked;
