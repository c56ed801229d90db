package io.sparktts.harness.bench;

import io.sparktts.speech.Head;
import io.sparktts.speech.Streaming;

/** Ways of speaking that {@code bench speech} measures, all on random weights: audio alone. */
enum SpeechMode {
    /** Cross-faded chunks, the whole head. */
    FAST("fast", Streaming.Mode.FAST, Head.MASKED),

    /** Chunks that equal the whole utterance, the whole head. */
    EXACT("exact", Streaming.Mode.EXACT, Head.MASKED),

    /** {@link #FAST}, but the head's audio rows alone. */
    FAST_AUDIO_ROWS("fast audio-rows", Streaming.Mode.FAST, Head.AUDIO_ROWS);

    private final String label;
    private final Streaming.Mode streaming;
    private final Head head;

    SpeechMode(String label, Streaming.Mode streaming, Head head) {
        this.label = label;
        this.streaming = streaming;
        this.head = head;
    }

    /** In shapes, such as {@code 60+150 fast}. */
    String label() {
        return label;
    }

    Streaming.Mode streaming() {
        return streaming;
    }

    Head head() {
        return head;
    }
}
