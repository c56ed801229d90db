@NullMarked
package io.sparktts.host;

import org.jspecify.annotations.NullMarked;
