package io.sparktts.harness.speech;

import io.sparktts.harness.UserError;
import io.sparktts.speech.SparkTts;
import io.sparktts.speech.Voice;
import io.sparktts.text.Gender;
import io.sparktts.text.Level;
import io.sparktts.text.Style;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.Option;

import java.nio.file.Path;

/** Whose voice speaks. */
final class VoiceOptions {
    @Option(names = "--voice", paramLabel = "FILE", description = "a file of sparktts voice")
    private @Nullable Path file;

    @Option(names = "--prompt-audio", paramLabel = "CLIP", description = "a WAV file to clone")
    private @Nullable Path clip;

    @Option(
            names = "--prompt-text",
            paramLabel = "TEXT",
            description = "exact transcript of the clip, which the model then continues")
    private @Nullable String transcript;

    @Option(
            names = "--prompt-separator",
            description = "put a space between transcript and text where they would touch")
    private boolean separator;

    @Option(names = "--gender", paramLabel = "G", description = "female or male: a made-up voice")
    private @Nullable String gender;

    @Option(
            names = "--pitch",
            paramLabel = "LEVEL",
            description = "very_low, low, moderate, high, very_high")
    private @Nullable String pitch;

    @Option(names = "--speed", paramLabel = "LEVEL", description = "as --pitch")
    private @Nullable String speed;

    boolean separator() {
        return separator;
    }

    /** Says at once what does not go together. */
    void check() {
        boolean styled = gender != null || pitch != null || speed != null;
        int ways = (file == null ? 0 : 1) + (clip == null ? 0 : 1) + (styled ? 1 : 0);
        if (ways > 1) {
            throw UserError.usage(
                    "one voice at a time: --voice, --prompt-audio, or --gender, --pitch and"
                            + " --speed");
        }
        if (transcript != null && clip == null) {
            throw UserError.usage("--prompt-text needs the clip that it is of: --prompt-audio");
        }
        style();
    }

    Voice voice(SparkTts tts) {
        if (file != null) {
            return VoiceFile.read(file);
        }
        return clip != null ? tts.voice(clip, transcript) : new Voice.Styled(style());
    }

    private Style style() {
        try {
            return new Style(
                    Gender.of(gender == null ? "female" : gender),
                    Level.of(pitch == null ? "moderate" : pitch),
                    Level.of(speed == null ? "moderate" : speed));
        } catch (IllegalArgumentException e) {
            throw UserError.usage(String.valueOf(e.getMessage()));
        }
    }
}
