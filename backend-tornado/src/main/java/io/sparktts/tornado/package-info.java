/** The {@code tornado} backend: kernels in Java, compiled for the device by TornadoVM. */
@NullMarked
package io.sparktts.tornado;

import org.jspecify.annotations.NullMarked;
