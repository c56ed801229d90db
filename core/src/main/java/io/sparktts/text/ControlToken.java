package io.sparktts.text;

/** Tokens that structure prompts and output, each spelled {@code <|name|>}. */
public enum ControlToken {
    TASK_TTS("task_tts"),
    TASK_CONTROLLABLE_TTS("task_controllable_tts"),
    START_CONTENT("start_content"),
    END_CONTENT("end_content"),
    START_STYLE_LABEL("start_style_label"),
    END_STYLE_LABEL("end_style_label"),
    START_ACOUSTIC_TOKEN("start_acoustic_token"),
    END_ACOUSTIC_TOKEN("end_acoustic_token"),
    START_GLOBAL_TOKEN("start_global_token"),
    END_GLOBAL_TOKEN("end_global_token"),
    START_SEMANTIC_TOKEN("start_semantic_token"),
    END_SEMANTIC_TOKEN("end_semantic_token"),
    /** Ends the model's output; not {@code <|endoftext|>}, which only pads. */
    END_OF_OUTPUT("im_end");

    private final String name;

    ControlToken(String name) {
        this.name = name;
    }

    public String spelling() {
        return "<|" + name + "|>";
    }
}
