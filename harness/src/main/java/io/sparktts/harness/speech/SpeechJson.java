package io.sparktts.harness.speech;

import io.sparktts.audio.Audio;
import io.sparktts.speech.Speech;

import org.jspecify.annotations.Nullable;

import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

import java.nio.file.Path;
import java.time.Duration;

/**
 * What was spoken, for programs. Where a text had several pieces, the lists at the top are theirs
 * one after the other, and {@code segments} has each by itself.
 */
final class SpeechJson {
    private SpeechJson() {}

    static ObjectNode of(Speech speech, @Nullable Path file) {
        ObjectNode json = JsonMapper.shared().createObjectNode();
        ArrayNode promptIds = json.putArray("promptIds");
        ArrayNode newIds = json.putArray("newIds");
        ArrayNode semantic = json.putArray("semantic");
        VoiceFile.add(json.putArray("global"), speech.global());
        Audio sound = speech.sound();
        if (sound == null) {
            json.putNull("audio");
            json.put("problem", speech.problem());
        } else {
            ObjectNode audio = json.putObject("audio");
            audio.put("samples", sound.samples().length);
            audio.put("sampleRate", sound.sampleRate());
            audio.put("file", file == null ? null : file.toString());
        }
        ArrayNode segments = json.putArray("segments");
        for (Speech.Segment s : speech.segments()) {
            VoiceFile.add(promptIds, s.promptIds());
            VoiceFile.add(newIds, s.newIds());
            VoiceFile.add(semantic, s.semantic());
            ObjectNode one = segments.addObject();
            one.put("text", s.text());
            one.put("promptTokens", s.promptIds().length);
            one.put("newTokens", s.newIds().length);
            one.put("cut", s.cut());
        }
        Speech.Timings t = speech.timings();
        ObjectNode millis = json.putObject("timingsMillis");
        put(millis, "prefill", t.prefill());
        put(millis, "generation", t.generation());
        put(millis, "codec", t.codec());
        put(millis, "total", t.total());
        put(millis, "firstAudio", t.firstAudio());
        put(millis, "underrun", t.underrun());
        if (sound != null) {
            json.put("realTimeFactor", speech.realTimeFactor());
        }
        return json;
    }

    private static void put(ObjectNode json, String name, Duration d) {
        json.put(name, d.toNanos() / 1e6);
    }
}
