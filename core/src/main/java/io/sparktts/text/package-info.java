/**
 * From text to prompt ids and from generated ids back to speech tokens: the Qwen2.5 tokenizer with
 * the tokens of Spark-TTS, the three prompts, and what keeps long or odd text within bounds.
 */
@NullMarked
package io.sparktts.text;

import org.jspecify.annotations.NullMarked;
