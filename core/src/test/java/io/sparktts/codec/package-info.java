@NullMarked
package io.sparktts.codec;

import org.jspecify.annotations.NullMarked;
