package io.sparktts.audio;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;

/**
 * Which semantic tokens are decoded together while speech is being generated: a short first chunk
 * for an early start, then growing ones, each repeating the last tokens of the one before.
 *
 * <p>Two habits of the reference server are not followed. When generation ends exactly with a
 * chunk, it decodes the repeated tokens once more and the client appends them; here no chunk is
 * without a new token. And it counts every generated token, so that a chunk with a control token in
 * it is shorter than it seems; here only semantic tokens are to be counted.
 *
 * @param first tokens of the first chunk
 * @param growth factor from one chunk to the next, at least 1
 * @param cap most tokens of a chunk
 * @param overlap tokens that a chunk repeats, fewer than {@code first}
 */
public record ChunkPlan(int first, double growth, int cap, int overlap) {
    /** What the reference server's run script sets: 1 s, times 8, at most 30 s, 0.1 s repeated. */
    public static final ChunkPlan REFERENCE = new ChunkPlan(50, 8, 1500, 5);

    /**
     * @throws IllegalArgumentException if the plan would not get on, naming the part
     */
    public ChunkPlan {
        check(overlap >= 0, "overlap of " + overlap + " tokens; valid: at least 0");
        check(
                first > overlap,
                "first chunk of " + first + " tokens; valid: more than the overlap of " + overlap);
        check(cap >= first, "chunks of at most " + cap + " tokens; valid: at least " + first);
        check(
                growth >= 1 && growth < Double.POSITIVE_INFINITY,
                "growth by " + growth + "; valid: at least 1");
    }

    /**
     * Tokens from {@code start} to before {@code end}.
     *
     * @param start first token, repeated ones included
     * @param end one past the last token
     */
    public record Chunk(int start, int end) {
        /** Number of tokens. */
        public int tokens() {
            return end - start;
        }
    }

    /** Size of the chunk after one of {@code size} tokens. */
    public int next(int size) {
        return (int) Math.min(cap, size * growth);
    }

    /** All chunks of a known number of tokens. */
    public List<Chunk> chunks(int tokens) {
        Progress progress = start();
        List<Chunk> chunks = new ArrayList<>();
        for (Chunk c = progress.ready(tokens); c != null; c = progress.ready(tokens)) {
            chunks.add(c);
        }
        Chunk last = progress.last(tokens);
        if (last != null) {
            chunks.add(last);
        }
        return List.copyOf(chunks);
    }

    /** A walk along the plan. */
    public Progress start() {
        return new Progress(this);
    }

    /** How far an utterance has been decoded. */
    public static final class Progress {
        private final ChunkPlan plan;
        private int size;
        private int start;
        private int end;

        private Progress(ChunkPlan plan) {
            this.plan = plan;
            size = plan.first;
        }

        /**
         * The next chunk if {@code tokens} are enough for it, otherwise null; ask again until it is
         * null.
         *
         * @param tokens generated so far
         */
        public @Nullable Chunk ready(int tokens) {
            if (tokens - start < size) {
                return null;
            }
            Chunk chunk = new Chunk(start, start + size);
            end = chunk.end();
            start = end - plan.overlap;
            size = plan.next(size);
            return chunk;
        }

        /**
         * What is left when generation has ended with {@code tokens} and nothing more is ready;
         * null if all were in a chunk.
         */
        public @Nullable Chunk last(int tokens) {
            if (tokens <= end) {
                return null;
            }
            Chunk chunk = new Chunk(start, tokens);
            end = tokens;
            return chunk;
        }
    }

    private static void check(boolean holds, String problem) {
        if (!holds) {
            throw new IllegalArgumentException(problem);
        }
    }
}
