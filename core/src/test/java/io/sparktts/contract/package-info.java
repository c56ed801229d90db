@NullMarked
package io.sparktts.contract;

import org.jspecify.annotations.NullMarked;
