@NullMarked
package io.sparktts.oracle;

import org.jspecify.annotations.NullMarked;
