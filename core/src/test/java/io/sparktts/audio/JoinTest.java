package io.sparktts.audio;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sparktts.audio.ChunkPlan.Chunk;
import io.sparktts.checkpoint.SafetensorsFile;

import org.junit.jupiter.api.Test;

import tools.jackson.databind.JsonNode;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Chunk plans and cross-fades. */
class JoinTest {
    static float[] noise(long seed, int n) {
        Random random = new Random(seed);
        float[] x = new float[n];
        for (int i = 0; i < n; i++) {
            x[i] = random.nextFloat() * 2 - 1;
        }
        return x;
    }

    static float[] concat(List<float[]> parts) {
        float[] all = new float[parts.stream().mapToInt(p -> p.length).sum()];
        int at = 0;
        for (float[] p : parts) {
            System.arraycopy(p, 0, all, at, p.length);
            at += p.length;
        }
        return all;
    }

    private static List<Chunk> golden(JsonNode chunks) {
        List<Chunk> list = new ArrayList<>();
        for (JsonNode c : chunks) {
            Chunk chunk = new Chunk(c.get(0).asInt(), c.get(1).asInt());
            // the reference's last flush without a new token is not made here
            if (list.isEmpty() || chunk.end() > list.getLast().end()) {
                list.add(chunk);
            }
        }
        return list;
    }

    @Test
    void plansOfTheReferenceServer() throws IOException {
        JsonNode json = Goldens.json("bicodec/stream_golden.json");
        assertTrue(json.required("plans").size() > 0);
        for (JsonNode plan : json.required("plans")) {
            int tokens = plan.required("tokens").asInt();
            assertEquals(golden(plan.required("chunks")), ChunkPlan.REFERENCE.chunks(tokens));
        }
        JsonNode small = json.required("small");
        assertEquals(
                golden(small.required("chunks")),
                plan(small).chunks(small.required("tokens").asInt()));
    }

    private static ChunkPlan plan(JsonNode small) {
        return new ChunkPlan(
                small.required("initial").asInt(),
                small.required("scale").asDouble(),
                small.required("cap").asInt(),
                small.required("overlap").asInt());
    }

    @Test
    void planWhileTokensArrive() {
        ChunkPlan plan = new ChunkPlan(12, 1.5, 30, 5);
        for (int tokens = 0; tokens < 200; tokens++) {
            ChunkPlan.Progress progress = plan.start();
            List<Chunk> chunks = new ArrayList<>();
            for (int t = 1; t <= tokens; t++) {
                Chunk c = progress.ready(t);
                if (c != null) {
                    assertEquals(t, c.end(), "ready with its last token");
                    chunks.add(c);
                }
                assertNull(progress.ready(t));
            }
            Chunk last = progress.last(tokens);
            if (last != null) {
                chunks.add(last);
            }
            assertNull(progress.last(tokens));
            assertEquals(plan.chunks(tokens), chunks);
            int end = 0;
            for (Chunk c : chunks) {
                assertEquals(Math.max(0, end - 5), c.start());
                assertTrue(c.end() > end, "a new token in every chunk");
                assertTrue(c.tokens() <= 30);
                end = c.end();
            }
            assertEquals(tokens, end);
        }
    }

    @Test
    void plansThatDoNotGetOn() {
        assertThrows(IllegalArgumentException.class, () -> new ChunkPlan(5, 8, 1500, 5));
        assertThrows(IllegalArgumentException.class, () -> new ChunkPlan(5, 0.9, 1500, 1));
        assertThrows(IllegalArgumentException.class, () -> new ChunkPlan(5, Double.NaN, 9, 1));
        assertThrows(IllegalArgumentException.class, () -> new ChunkPlan(5, 8, 4, 1));
        assertThrows(IllegalArgumentException.class, () -> new ChunkPlan(5, 8, 9, -1));
    }

    /** The reference client, on whole chunks: numpy's slices written out. */
    private static float[] reference(List<float[]> chunks, int n) {
        List<Float> out = new ArrayList<>();
        float[] previous = chunks.getFirst();
        for (int i = 0; i < previous.length - n; i++) {
            out.add(previous[i]);
        }
        for (float[] c : chunks.subList(1, chunks.size())) {
            for (int i = 0; i < n; i++) {
                double fadeIn = i * (1.0 / (n - 1));
                double fadeOut = 1 - fadeIn;
                out.add((float) (c[i] * fadeIn + previous[previous.length - n + i] * fadeOut));
            }
            for (int i = n; i < c.length - n; i++) {
                out.add(c[i]);
            }
            previous = c;
        }
        for (int i = previous.length - n; i < previous.length; i++) {
            out.add(previous[i]);
        }
        float[] all = new float[out.size()];
        for (int i = 0; i < all.length; i++) {
            all[i] = out.get(i);
        }
        return all;
    }

    private static float[] join(CrossFade fade, List<float[]> chunks) {
        List<float[]> parts = new ArrayList<>();
        for (float[] c : chunks) {
            parts.add(fade.push(c));
        }
        parts.add(fade.finish());
        return concat(parts);
    }

    @Test
    void crossFadeOfTheReferenceClient() {
        List<float[]> chunks = List.of(noise(1, 500), noise(2, 200), noise(3, 333), noise(4, 200));
        CrossFade fade = new CrossFade(100);
        float[] wanted = reference(chunks, 100);
        assertArrayEquals(wanted, join(fade, chunks), 1e-7f);
        assertArrayEquals(wanted, join(fade, chunks), 1e-7f, "it can be used again");
        assertEquals(400, fade.push(chunks.getFirst()).length, "all but the overlap comes at once");
    }

    /**
     * The golden reconstruction cut along its plan: chunks that agree where they overlap give it
     * back, whatever the weights, and no sample is lost or doubled. (Its own chunks need the
     * codec.)
     */
    @Test
    void crossFadeOfChunksThatAgree() throws IOException {
        JsonNode small = Goldens.json("bicodec/stream_golden.json").required("small");
        int tokens = small.required("tokens").asInt();
        int perToken = small.required("samples").asInt() / tokens;
        ChunkPlan plan = plan(small);
        try (SafetensorsFile f = Goldens.tensors("bicodec/stream_golden.safetensors")) {
            double[] golden = f.tensor("reconstructed").toDoubles();
            CrossFade fade = new CrossFade(plan.overlap() * perToken);
            List<float[]> chunks = new ArrayList<>();
            for (Chunk c : plan.chunks(tokens)) {
                float[] x = new float[c.tokens() * perToken];
                for (int i = 0; i < x.length; i++) {
                    x[i] = (float) golden[c.start() * perToken + i];
                }
                chunks.add(x);
            }
            float[] joined = join(fade, chunks);
            assertEquals(golden.length, joined.length);
            for (int i = 0; i < golden.length; i++) {
                assertEquals(golden[i], joined[i], 1e-7);
            }
        }
    }

    @Test
    void singleAndShortChunks() {
        float[] one = noise(1, 30);
        assertArrayEquals(one, join(new CrossFade(100), List.of(one)), "passes through");
        assertEquals(0, join(new CrossFade(100), List.of()).length);
        // a last chunk with fewer new samples than the overlap: each sample once
        List<float[]> chunks = List.of(noise(1, 300), noise(2, 130), noise(3, 100));
        assertEquals(330, join(new CrossFade(100), chunks).length);
        assertThrows(
                IllegalArgumentException.class,
                () -> join(new CrossFade(100), List.of(noise(1, 300), noise(2, 99))));
        assertThrows(
                IllegalArgumentException.class,
                () -> join(new CrossFade(100), List.of(noise(1, 99), noise(2, 300))));
        assertThrows(IllegalArgumentException.class, () -> new CrossFade(-1));
    }

    @Test
    void narrowOverlaps() {
        float[] a = {1, 2, 3};
        float[] b = {7, 8};
        assertArrayEquals(new float[] {1, 2, 3, 7, 8}, join(new CrossFade(0), List.of(a, b)));
        assertArrayEquals(new float[] {1, 2, 3, 8}, join(new CrossFade(1), List.of(a, b)));
    }
}
