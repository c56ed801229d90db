/**
 * The backend SPI: tensors, weights, caches, queues and kernels that every compute backend offers.
 */
@NullMarked
package io.sparktts.backend;

import org.jspecify.annotations.NullMarked;
