/** What a kernel is to the backend, and the helpers that kernels of all dtypes share. */
@NullMarked
package io.sparktts.tornado.kernel;

import org.jspecify.annotations.NullMarked;
