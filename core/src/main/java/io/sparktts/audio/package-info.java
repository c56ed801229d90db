/**
 * What happens to sound before the codec and after it: WAV files, resampling, loudness, the
 * features of a reference clip, and joining pieces of speech while they arrive. Nothing here needs
 * a backend.
 */
@NullMarked
package io.sparktts.audio;

import org.jspecify.annotations.NullMarked;
