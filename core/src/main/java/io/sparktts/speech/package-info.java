/**
 * Text to speech: the language model, the codec and what is between them, for programs. {@link
 * io.sparktts.speech.SparkTts} is where to start.
 */
@NullMarked
package io.sparktts.speech;

import org.jspecify.annotations.NullMarked;
