package io.sparktts.audio;

import java.util.Arrays;

/**
 * Joins chunks that repeat the end of the chunk before, by a linear cross-fade over the part that
 * both have, as the client of the reference server does. Samples come out as soon as no later chunk
 * can change them: all but the last {@code overlap}.
 *
 * <p>Chunks of at least two overlaps give exactly what the reference client gives. Of a shorter one
 * it plays a part twice or not at all; here each sample is heard once.
 */
public final class CrossFade {
    private final int overlap;

    /** The last samples that were pushed, up to {@code overlap} of them, already mixed. */
    private float[] tail = {};

    private boolean started;

    /**
     * @param overlap samples that a chunk repeats of the one before; 0 joins end to end
     */
    public CrossFade(int overlap) {
        if (overlap < 0) {
            throw new IllegalArgumentException("an overlap of " + overlap + " samples");
        }
        this.overlap = overlap;
    }

    /**
     * Adds the next chunk.
     *
     * @return the samples that can be played now
     * @throws IllegalArgumentException if a chunk before another has fewer samples than the overlap
     */
    public float[] push(float[] chunk) {
        float[] joined = started ? mix(chunk) : chunk;
        started = true;
        int ready = Math.max(0, joined.length - overlap);
        tail = Arrays.copyOfRange(joined, ready, joined.length);
        return Arrays.copyOf(joined, ready);
    }

    /** The last samples. The next chunk then starts anew. */
    public float[] finish() {
        float[] last = tail;
        tail = new float[0];
        started = false;
        return last;
    }

    /** The chunk with its first samples faded in over the tail that fades out. */
    private float[] mix(float[] chunk) {
        if (tail.length < overlap || chunk.length < overlap) {
            throw new IllegalArgumentException(
                    "chunks of "
                            + Math.min(tail.length, chunk.length)
                            + " samples cannot overlap by "
                            + overlap);
        }
        float[] mixed = chunk.clone();
        for (int i = 0; i < overlap; i++) {
            double in = overlap == 1 ? 0 : (double) i / (overlap - 1);
            mixed[i] = (float) (chunk[i] * in + tail[i] * (1 - in));
        }
        return mixed;
    }
}
