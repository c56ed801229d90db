/** The Qwen2 language model, written once over {@link io.sparktts.backend.Kernels}. */
@NullMarked
package io.sparktts.model;

import org.jspecify.annotations.NullMarked;
