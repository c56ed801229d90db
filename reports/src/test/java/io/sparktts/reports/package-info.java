@NullMarked
package io.sparktts.reports;

import org.jspecify.annotations.NullMarked;
