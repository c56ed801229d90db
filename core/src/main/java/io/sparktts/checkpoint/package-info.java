/**
 * Checkpoints in the published layout: safetensors files, torch's pickles and the configurations of
 * Qwen2, BiCodec and wav2vec2 beside them; and synthetic ones. Whatever a file claims is checked
 * before it is believed.
 */
@NullMarked
package io.sparktts.checkpoint;

import org.jspecify.annotations.NullMarked;
