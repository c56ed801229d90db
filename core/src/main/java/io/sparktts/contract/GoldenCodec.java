package io.sparktts.contract;

import io.sparktts.audio.ChunkPlan;
import io.sparktts.audio.CrossFade;
import io.sparktts.audio.Loudness;
import io.sparktts.audio.Wav2Vec2Input;
import io.sparktts.audio.WavFile;
import io.sparktts.backend.DType;
import io.sparktts.backend.HostTensor;
import io.sparktts.backend.Op;
import io.sparktts.backend.Variants;
import io.sparktts.checkpoint.BiCodecCheckpoint;
import io.sparktts.checkpoint.Wav2Vec2Checkpoint;
import io.sparktts.codec.BiCodecDecoder;
import io.sparktts.codec.BiCodecSession;
import io.sparktts.codec.SemanticTokenizer;
import io.sparktts.codec.SpeakerTokenizer;

import tools.jackson.databind.JsonNode;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.BiConsumer;

/**
 * Golden checks of the codec and its encoders on the tiny checkpoint: waveforms and features within
 * the tolerance of a float32 program, tokens exactly.
 */
final class GoldenCodec {
    /** Largest difference of a waveform in (-1, 1); float32 itself is off by up to 6e-5. */
    static final double WAVE = 1e-3;

    /** Features of the size of 10. */
    private static final double FEATURES = 1e-3;

    /** An exact window against the whole, in float32. */
    private static final double WINDOW = 1e-4;

    private static final List<Op> DECODER =
            List.of(
                    Op.EMBEDDING,
                    Op.LINEAR,
                    Op.LAYER_NORM,
                    Op.CONV1D,
                    Op.CONV_TRANSPOSE1D,
                    Op.CONV_NEXT_BLOCK,
                    Op.RESIDUAL_UNIT,
                    Op.SNAKE,
                    Op.ACTIVATION);
    private static final List<Op> ENCODERS =
            List.of(
                    Op.LINEAR,
                    Op.CONV1D,
                    Op.LAYER_NORM,
                    Op.BIDIRECTIONAL_ATTENTION,
                    Op.GEGLU,
                    Op.AFFINE,
                    Op.COLUMN_MEAN,
                    Op.COPY_COLUMNS,
                    Op.UNFOLD);

    private GoldenCodec() {}

    static List<GoldenCheck> all(Path directory) {
        return List.of(
                decoder("codec detok", directory, GoldenCodec::decodes),
                decoder("codec exact windows", directory, GoldenCodec::windows),
                decoder("codec cross-faded stream", directory, GoldenCodec::streams),
                new GoldenCheck(
                        "codec global tokens",
                        DType.F32,
                        ENCODERS,
                        (b, c) -> globalTokens(directory, b, c)),
                new GoldenCheck(
                        "codec semantic tokens",
                        DType.F32,
                        ENCODERS,
                        (b, c) -> semanticTokens(directory, b, c)));
    }

    private record Decoding(
            Path directory, GoldenFile file, BiCodecSession codec, Comparison.Builder c) {}

    private static GoldenCheck decoder(
            String name, Path directory, java.util.function.Consumer<Decoding> body) {
        return new GoldenCheck(
                name,
                DType.F32,
                DECODER,
                (bench, c) -> {
                    Path golden = directory.resolve("bicodec/bicodec_golden.safetensors");
                    try (BiCodecCheckpoint checkpoint = codec(directory);
                            GoldenFile file = GoldenFile.open(golden);
                            BiCodecDecoder decoder =
                                    BiCodecDecoder.load(
                                            bench.device,
                                            checkpoint.config(),
                                            checkpoint,
                                            DType.F32);
                            BiCodecSession session = decoder.session(Variants.DEFAULT)) {
                        session.speaker(file.ints("detok.global"));
                        body.accept(new Decoding(directory, file, session, c));
                    }
                });
    }

    private static BiCodecCheckpoint codec(Path directory) {
        return BiCodecCheckpoint.open(directory.resolve("tiny_ckpt/BiCodec"));
    }

    private static void compare(
            float[] now, double[] truth, double bound, String what, Comparison.Builder c) {
        if (now.length != truth.length) {
            c.fail(what + " has " + now.length + " elements, the golden one " + truth.length);
            return;
        }
        for (int i = 0; i < truth.length; i++) {
            c.element(now[i], truth[i], bound, what, i);
        }
    }

    private static void decodes(Decoding d) {
        for (String name : List.of("detok", "detok_long", "detok_one_frame")) {
            d.codec.speaker(d.file.ints(name + ".global"));
            float[] wave = d.codec.decode(d.file.ints(name + ".semantic"));
            compare(wave, d.file.values(name + ".wav"), WAVE, name + ".wav", d.c);
        }
    }

    /** Any window with the codec's reach on both sides is that part of the whole. */
    private static void windows(Decoding d) {
        BiCodecDecoder decoder = d.codec.decoder();
        int n = 3 * decoder.reach() + 40;
        int[] tokens = new SplittableRandom(5).ints(n, 0, decoder.semanticTokens()).toArray();
        float[] whole = d.codec.decode(tokens);
        int step = decoder.samplesPerFrame();
        int[] ends = {0, 7, 20, decoder.reach() + 20, 2 * decoder.reach() + 9, n};
        for (int i = 0; i + 1 < ends.length; i++) {
            float[] part = d.codec.decodeExactly(tokens, ends[i], ends[i + 1]);
            float[] same = Arrays.copyOfRange(whole, ends[i] * step, ends[i + 1] * step);
            double[] truth = new double[same.length];
            Arrays.setAll(truth, k -> same[k]);
            compare(part, truth, WINDOW, "tokens " + ends[i] + ".." + ends[i + 1], d.c);
        }
    }

    /** Chunks as the reference server cuts them, joined as its client does. */
    private static void streams(Decoding d) {
        Path path = d.directory.resolve("bicodec/stream_golden.json");
        JsonNode plan = GoldenFile.member(GoldenFile.json(path), "small", path);
        Path tensors = d.directory.resolve("bicodec/stream_golden.safetensors");
        int overlap = GoldenFile.member(plan, "overlap", path).asInt();
        try (GoldenFile file = GoldenFile.open(tensors)) {
            int[] tokens = file.ints("semantic");
            d.codec.speaker(file.ints("global"));
            ChunkPlan chunks =
                    new ChunkPlan(
                            GoldenFile.member(plan, "initial", path).asInt(),
                            GoldenFile.member(plan, "scale", path).asDouble(),
                            GoldenFile.member(plan, "cap", path).asInt(),
                            overlap);
            CrossFade fade = new CrossFade(overlap * d.codec.decoder().samplesPerFrame());
            double[] truth = file.values("reconstructed");
            int[] at = {0};
            BiConsumer<float[], Integer> judge =
                    (samples, from) -> {
                        double[] part = Arrays.copyOfRange(truth, at[0], at[0] + samples.length);
                        compare(samples, part, WAVE, "chunk at token " + from, d.c);
                        at[0] += samples.length;
                    };
            for (ChunkPlan.Chunk chunk : chunks.chunks(tokens.length)) {
                int[] part = Arrays.copyOfRange(tokens, chunk.start(), chunk.end());
                judge.accept(fade.push(d.codec.decode(part)), chunk.start());
            }
            judge.accept(fade.finish(), tokens.length);
            if (at[0] != truth.length) {
                d.c.fail("the stream has " + at[0] + " samples, the golden one " + truth.length);
            }
        }
    }

    private static void exact(int[] now, int[] truth, String what, Comparison.Builder c) {
        if (!Arrays.equals(now, truth)) {
            c.fail(
                    what
                            + ": "
                            + now.length
                            + " tokens differ from the golden ones at "
                            + Arrays.mismatch(now, truth));
        }
    }

    private static void globalTokens(Path directory, Bench b, Comparison.Builder c) {
        Path golden = directory.resolve("bicodec/bicodec_golden.safetensors");
        try (BiCodecCheckpoint checkpoint = codec(directory);
                GoldenFile file = GoldenFile.open(golden);
                SpeakerTokenizer tokenizer =
                        SpeakerTokenizer.load(
                                b.device,
                                checkpoint.config(),
                                checkpoint,
                                DType.F32,
                                Variants.DEFAULT)) {
            HostTensor mel = file.tensor("tok.mel");
            double[] turned = GoldenCodecOps.turned(mel, 0);
            float[][] frames = new float[(int) mel.dim(2)][(int) mel.dim(1)];
            for (int i = 0; i < turned.length; i++) {
                frames[i / frames[0].length][i % frames[0].length] = (float) turned[i];
            }
            exact(tokenizer.encode(frames), file.ints("tok.global"), "global tokens", c);
        }
    }

    private static void semanticTokens(Path directory, Bench b, Comparison.Builder c) {
        double[] clip = WavFile.read(directory.resolve("tiny_ckpt/prompt.wav")).samples();
        Path features = directory.resolve("wav2vec2/wav2vec2_golden.safetensors");
        Path prompt = directory.resolve("e2e/e2e_golden.safetensors");
        try (BiCodecCheckpoint codec = codec(directory);
                Wav2Vec2Checkpoint wav2vec2 =
                        Wav2Vec2Checkpoint.open(
                                directory.resolve("tiny_ckpt/wav2vec2-large-xlsr-53"));
                GoldenFile featureFile = GoldenFile.open(features);
                GoldenFile promptFile = GoldenFile.open(prompt);
                SemanticTokenizer tokenizer =
                        SemanticTokenizer.load(
                                b.device,
                                wav2vec2.config(),
                                wav2vec2,
                                codec.config(),
                                codec,
                                DType.F32,
                                Variants.DEFAULT)) {
            // These features were made of the clip as it is, the tokens of the normalised one.
            double[] now = tokenizer.features(Wav2Vec2Input.normalize(clip));
            double[] truth = featureFile.values("mix_11_14_16");
            if (now.length != truth.length) {
                c.fail(now.length + " features, the golden file has " + truth.length);
                return;
            }
            for (int i = 0; i < truth.length; i++) {
                c.element(now[i], truth[i], FEATURES, "features", i);
            }
            float[] normalized = Wav2Vec2Input.normalize(Loudness.normalize(clip));
            int[] tokens = tokenizer.encode(normalized);
            exact(tokens, promptFile.ints("prompt.semantic"), "semantic tokens", c);
        }
    }
}
