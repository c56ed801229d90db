/**
 * What CPU backends share: memory segments as device memory, and calls that are done when they
 * return.
 */
@NullMarked
package io.sparktts.host;

import org.jspecify.annotations.NullMarked;
