@NullMarked
package io.sparktts.reference;

import org.jspecify.annotations.NullMarked;
