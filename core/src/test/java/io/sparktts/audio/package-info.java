@NullMarked
package io.sparktts.audio;

import org.jspecify.annotations.NullMarked;
