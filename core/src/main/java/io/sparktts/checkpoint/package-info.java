/**
 * Hugging Face checkpoints: safetensors files and the configuration of Qwen2 beside them. Whatever
 * a file claims is checked before it is believed.
 */
@NullMarked
package io.sparktts.checkpoint;

import org.jspecify.annotations.NullMarked;
