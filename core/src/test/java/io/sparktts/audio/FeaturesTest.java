package io.sparktts.audio;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sparktts.checkpoint.SafetensorsFile;

import org.junit.jupiter.api.Test;

import tools.jackson.databind.JsonNode;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** Loudness, reference clip, mel spectrogram and wav2vec2's input against the published program. */
class FeaturesTest {
    private static final String AUDIO = "audio/audio_golden.safetensors";
    private static final String AUDIO_JSON = "audio/audio_golden.json";

    private static MelParameters melParameters() throws IOException {
        JsonNode p = Goldens.json(AUDIO_JSON).required("mel_params");
        JsonNode fMax = p.required("mel_fmax");
        return new MelParameters(
                p.required("sample_rate").asInt(),
                p.required("n_fft").asInt(),
                p.required("win_length").asInt(),
                p.required("hop_length").asInt(),
                p.required("mel_fmin").asDouble(),
                fMax.isNull() ? null : fMax.asDouble(),
                p.required("num_mels").asInt());
    }

    private static double[] ramp(int n) {
        double[] x = new double[n];
        Arrays.setAll(x, i -> i);
        return x;
    }

    @Test
    void loudness() throws IOException {
        JsonNode cases = Goldens.json(AUDIO_JSON).required("volume");
        assertTrue(cases.size() > 0);
        try (SafetensorsFile f = Goldens.tensors(AUDIO)) {
            for (Map.Entry<String, JsonNode> c : cases.properties()) {
                String name = "volume." + c.getKey();
                double[] in = f.tensor(name + ".in").toDoubles();
                double[] before = in.clone();
                double[] out = Loudness.normalize(in);
                assertArrayEquals(f.tensor(name + ".out").toDoubles(), out, 1e-14, name);
                double max = Arrays.stream(out).map(Math::abs).max().orElseThrow();
                assertEquals(c.getValue().required("out_max").asDouble(), max, 1e-14, name);
                assertArrayEquals(before, in, "the input stays");
            }
        }
    }

    @Test
    void loudnessOfTheWholePrompt() throws IOException {
        try (SafetensorsFile f = Goldens.tensors(AUDIO)) {
            double[] golden = f.tensor("volume.whole_prompt.out_f32_first4000").toDoubles();
            double[] ours = Loudness.normalize(Goldens.prompt().samples());
            assertArrayEquals(golden, Arrays.copyOf(ours, golden.length), 1e-7);
        }
    }

    @Test
    void loudnessOfNothing() {
        assertEquals(0, Loudness.normalize(new double[0]).length);
    }

    @Test
    void referenceClip() throws IOException {
        JsonNode cases = Goldens.json(AUDIO_JSON).required("ref_clip");
        assertTrue(cases.size() > 0);
        for (Map.Entry<String, JsonNode> c : cases.properties()) {
            int length = c.getValue().required("length").asInt();
            int samples = Integer.parseInt(c.getKey());
            double[] part = ReferenceClip.of(ramp(samples), length);
            assertEquals(length, part.length);
            assertEquals(c.getValue().required("sum").asDouble(), Arrays.stream(part).sum());
            for (int i = 0; i < length; i++) {
                assertEquals(i % samples, part[i]);
            }
        }
    }

    @Test
    void lengthOfTheReferenceClip() {
        assertEquals(96_000, ReferenceClip.length(16_000, 6, 320));
        assertEquals(960, ReferenceClip.length(16_000, 0.0799, 320));
        assertThrows(AudioException.class, () -> ReferenceClip.length(16_000, 0.01, 320));
        assertThrows(AudioException.class, () -> ReferenceClip.of(new double[0], 320));
    }

    @Test
    void melSpectrogram() throws IOException {
        MelParameters p = melParameters();
        float[][] mel = new MelSpectrogram(p).of(Goldens.prompt().samples());
        try (SafetensorsFile f = Goldens.tensors(AUDIO)) {
            assertMel(f, "mel_128", 1, mel, 2e-6);
            assertMel(f, "mel_128_f64", 5, mel, 2e-7);
        }
    }

    /**
     * Prompt, loudness, reference clip and mel spectrogram as the published tokenizer runs them.
     */
    @Test
    void featuresOfTheSpeakerEncoder() throws IOException {
        try (SafetensorsFile f = Goldens.tensors("bicodec/bicodec_golden.safetensors")) {
            MelParameters p = melParameters();
            long[] shape = f.shape("tok.mel");
            int mels = (int) shape[1];
            MelParameters own =
                    new MelParameters(
                            p.sampleRate(),
                            p.nFft(),
                            p.winLength(),
                            p.hopLength(),
                            p.fMin(),
                            p.fMax(),
                            mels);
            double[] clip =
                    ReferenceClip.of(
                            Loudness.normalize(Goldens.prompt().samples()),
                            ReferenceClip.length(p.sampleRate(), 6, p.hopLength()));
            float[][] mel = new MelSpectrogram(own).of(clip);
            assertEquals(shape[2], mel.length);
            assertMel(f, "tok.mel", 1, mel, 5e-6);
        }
    }

    private static void assertMel(
            SafetensorsFile f, String name, int every, float[][] mel, double tolerance) {
        double[] golden = f.tensor(name).toDoubles();
        long[] shape = f.shape(name);
        int mels = (int) shape[shape.length - 2];
        int frames = (int) shape[shape.length - 1];
        assertEquals((mel.length + every - 1) / every, frames, name);
        for (int m = 0; m < mels; m++) {
            for (int t = 0; t < frames; t++) {
                assertEquals(golden[m * frames + t], mel[t * every][m], tolerance, name);
            }
        }
    }

    @Test
    void windowAndFilters() throws IOException {
        MelParameters p = melParameters();
        MelFilters filters = new MelFilters(p);
        int bins = p.nFft() / 2 + 1;
        try (SafetensorsFile f = Goldens.tensors(AUDIO)) {
            assertArrayEquals(
                    f.tensor("hann_window").toDoubles(), MelSpectrogram.hann(p.winLength()), 3e-7);
            double[] rows = new double[bins];
            double[] columns = new double[p.mels()];
            for (int b = 0; b < bins; b++) {
                for (int m = 0; m < p.mels(); m++) {
                    rows[b] += filters.weight(b, m);
                    columns[m] += filters.weight(b, m);
                }
            }
            // torchaudio places the corners in float32, and 8 kHz / 2^24 of a slope shows
            assertArrayEquals(f.tensor("mel_fb_row_sums").toDoubles(), rows, 5e-6);
            assertArrayEquals(f.tensor("mel_fb_column_sums").toDoubles(), columns, 5e-6);
        }
    }

    @Test
    void melOfTooFewSamples() throws IOException {
        MelParameters p = melParameters();
        MelSpectrogram mel = new MelSpectrogram(p);
        int half = p.nFft() / 2;
        assertThrows(AudioException.class, () -> mel.of(new double[half]));
        float[][] silence = mel.of(new double[half + 1]);
        assertEquals(1 + (half + 1) / p.hopLength(), silence.length);
        for (float[] frame : silence) {
            assertArrayEquals(new float[p.mels()], frame);
        }
    }

    @Test
    void parametersWithoutSense() {
        List<Runnable> wrong =
                List.of(
                        () -> new MelParameters(16_000, 1000, 640, 320, 10, null, 128),
                        () -> new MelParameters(16_000, 1024, 1025, 320, 10, null, 128),
                        () -> new MelParameters(16_000, 1024, 640, 0, 10, null, 128),
                        () -> new MelParameters(16_000, 1024, 640, 320, 10, 8001.0, 128),
                        () -> new MelParameters(16_000, 1024, 640, 320, 10, 10.0, 128),
                        () -> new MelParameters(16_000, 1024, 640, 320, Double.NaN, null, 128),
                        () -> new MelParameters(16_000, 1024, 640, 320, 10, null, 0),
                        () -> new MelParameters(1, 1024, 640, 320, 10, null, 128));
        for (Runnable w : wrong) {
            assertThrows(AudioException.class, w::run);
        }
    }

    @Test
    void wav2Vec2Input() throws IOException {
        try (SafetensorsFile f = Goldens.tensors("wav2vec2/wav2vec2_golden.safetensors")) {
            double[] golden = f.tensor("input_values_first4000").toDoubles();
            float[] ours = Wav2Vec2Input.normalize(Goldens.prompt().samples());
            for (int i = 0; i < golden.length; i++) {
                assertEquals(golden[i], ours[i], 5e-7);
            }
        }
    }

    @Test
    void wav2Vec2InputOfSilence() {
        float[] out = Wav2Vec2Input.normalize(new double[Wav2Vec2Input.MIN_SAMPLES]);
        assertArrayEquals(new float[Wav2Vec2Input.MIN_SAMPLES], out);
        double[] constant = new double[1000];
        Arrays.fill(constant, 0.3);
        for (float x : Wav2Vec2Input.normalize(constant)) {
            assertEquals(0, x, 1e-9);
        }
    }

    @Test
    void wav2Vec2InputTooShort() {
        String message =
                assertThrows(AudioException.class, () -> Wav2Vec2Input.normalize(new double[399]))
                        .getMessage();
        assertTrue(String.valueOf(message).contains("399 samples"), message);
    }
}
