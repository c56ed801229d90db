/**
 * The BiCodec codec of Spark-TTS and the encoders of a reference clip, written once over {@link
 * io.sparktts.backend.Kernels}. Frames are rows, channels columns. Tensor names are those of the
 * published checkpoint; widths come from its tensors.
 */
@NullMarked
package io.sparktts.codec;

import org.jspecify.annotations.NullMarked;
