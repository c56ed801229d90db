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
    private final Streaming.Mode mode;
    private final ChunkPlan plan;
    private final ChunkPlan.Progress progress;
    private final CrossFade fade;
    private final int reach;
    private int[] tokens = new int[256];
    private int count;

    /** Exact mode: tokens whose samples are out, and the size of the next chunk. */
    private int done;

    private int size;

    ChunkDecoder(BiCodecSession codec, Streaming streaming) {
        this.codec = codec;
        this.mode = streaming.mode();
        this.plan = streaming.plan();
        this.progress = plan.start();
        this.fade = new CrossFade(plan.overlap() * codec.decoder().samplesPerFrame());
        this.reach = codec.decoder().reach();
        this.size = plan.first();
    }

    /** Adds a token; the samples that it completes, often none. */
    float[] push(int token) {
        if (count == tokens.length) {
            tokens = Arrays.copyOf(tokens, 2 * count);
        }
        tokens[count++] = token;
        return switch (mode) {
            case EXACT -> exact();
            case FAST -> fast();
        };
    }

    private float[] exact() {
        if (count - done < size + reach) {
            return NOTHING;
        }
        float[] samples = exactly(done + size);
        size = plan.next(size);
        return samples;
    }

    /** The samples up to a token, from the tokens so far. */
    private float[] exactly(int end) {
        int[] soFar = Arrays.copyOf(tokens, count);
        float[] samples = codec.decodeExactly(soFar, done, end);
        done = end;
        return samples;
    }

    private float[] fast() {
        ChunkPlan.Chunk chunk = progress.ready(count);
        return chunk == null ? NOTHING : fade.push(decode(chunk));
    }

    private float[] decode(ChunkPlan.Chunk chunk) {
        return codec.decode(Arrays.copyOfRange(tokens, chunk.start(), chunk.end()));
    }

    /** The rest of the utterance. */
    float[] finish() {
        if (mode == Streaming.Mode.EXACT) {
            return done == count ? NOTHING : exactly(count);
        }
        ChunkPlan.Chunk last = progress.last(count);
        float[] samples = last == null ? NOTHING : fade.push(decode(last));
        float[] end = fade.finish();
        float[] all = Arrays.copyOf(samples, samples.length + end.length);
        System.arraycopy(end, 0, all, samples.length, end.length);
        return all;
    }

    /** All tokens that were pushed. */
    int[] tokens() {
        return Arrays.copyOf(tokens, count);
    }
}
