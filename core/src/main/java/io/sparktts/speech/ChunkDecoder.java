package io.sparktts.speech;

import io.sparktts.audio.ChunkPlan;
import io.sparktts.audio.CrossFade;
import io.sparktts.codec.BiCodecSession;

import java.util.Arrays;

/**
 * The semantic tokens of one utterance in, samples out as soon as no later token can change them
 * (exact) or a chunk is full (fast).
 */
final class ChunkDecoder {
    private static final float[] NOTHING = {};

    private final BiCodecSession codec;
    private final boolean exact;
    private final ChunkPlan.Progress progress;
    private final CrossFade fade;
    private final int reach;
    private int[] tokens = new int[256];
    private int count;

    ChunkDecoder(BiCodecSession codec, Streaming streaming) {
        this.codec = codec;
        exact = streaming.mode() == Streaming.Mode.EXACT;
        ChunkPlan plan = streaming.plan();
        // Exact chunks stand end to end, but wait for the frames after them.
        int overlap = exact ? 0 : plan.overlap();
        progress = new ChunkPlan(plan.first(), plan.growth(), plan.cap(), overlap).start();
        fade = new CrossFade(overlap * codec.decoder().samplesPerFrame());
        reach = exact ? codec.decoder().reach() : 0;
    }

    /** Adds a token; the samples that it completes, often none. */
    float[] push(int token) {
        if (count == tokens.length) {
            tokens = Arrays.copyOf(tokens, 2 * count);
        }
        tokens[count++] = token;
        ChunkPlan.Chunk chunk = progress.ready(count - reach);
        return chunk == null ? NOTHING : fade.push(decode(chunk));
    }

    private float[] decode(ChunkPlan.Chunk chunk) {
        return exact
                ? codec.decodeExactly(Arrays.copyOf(tokens, count), chunk.start(), chunk.end())
                : codec.decode(Arrays.copyOfRange(tokens, chunk.start(), chunk.end()));
    }

    /** The rest of the utterance. */
    float[] finish() {
        ChunkPlan.Chunk last = progress.last(count);
        float[] samples = last == null ? NOTHING : fade.push(decode(last));
        float[] end = fade.finish();
        float[] all = Arrays.copyOf(samples, samples.length + end.length);
        System.arraycopy(end, 0, all, samples.length, end.length);
        return all;
    }
}
