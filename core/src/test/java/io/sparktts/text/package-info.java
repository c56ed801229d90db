@NullMarked
package io.sparktts.text;

import org.jspecify.annotations.NullMarked;
