/** The {@code jcuda} backend: CUDA kernels on NVIDIA GPUs, launched through the driver API. */
@NullMarked
package io.sparktts.jcuda;

import org.jspecify.annotations.NullMarked;
