package io.sparktts.harness.speech;

import io.sparktts.harness.UserError;
import io.sparktts.speech.SparkTts;
import io.sparktts.speech.Voice;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

import java.nio.file.Path;
import java.util.concurrent.Callable;

/** Keeps the voice of a clip, so that it is encoded once. */
@Command(
        name = "voice",
        mixinStandardHelpOptions = true,
        description = "Takes the voice of a clip and keeps its tokens in a file for say --voice.")
public final class VoiceCommand implements Callable<Integer> {
    @Spec private CommandSpec spec = CommandSpec.create();
    @Mixin private ModelOptions model = new ModelOptions();

    @Parameters(paramLabel = "CLIP.wav", description = "some seconds of clear speech")
    private Path clip = Path.of("");

    @Option(
            names = "--text",
            paramLabel = "TEXT",
            description = "exact transcript of the clip, with which the model continues it")
    private @Nullable String text;

    @Option(names = "--out", required = true, paramLabel = "FILE", description = "voice file")
    private Path out = Path.of("");

    @Override
    public Integer call() throws Exception {
        return model.run(
                spec,
                () -> {
                    try (SparkTts tts = model.load(0)) {
                        Voice.Clip voice = tts.voice(clip, text);
                        VoiceFile.write(out, voice);
                        spec.commandLine()
                                .getErr()
                                .println(
                                        out
                                                + ": "
                                                + voice.globalTokens().length
                                                + " global and "
                                                + voice.semanticTokens().length
                                                + " semantic tokens");
                    }
                    return UserError.OK;
                });
    }
}
