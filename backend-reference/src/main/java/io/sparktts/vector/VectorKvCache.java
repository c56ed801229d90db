package io.sparktts.vector;

import static io.sparktts.vector.Lanes.TILE;

import io.sparktts.backend.AttentionShape;
import io.sparktts.backend.CacheShape;
import io.sparktts.backend.DType;
import io.sparktts.backend.KvCache;
import io.sparktts.host.HostBuffer;

import java.lang.foreign.Arena;

/**
 * Keys and values in tiles, as {@link MicroKernel} reads them: keys {@code [position /
 * TILE][headDim][TILE positions]}, values {@code [headDim / TILE][position][TILE dims]}, for each
 * layer, slot and head.
 */
final class VectorKvCache implements KvCache {
    private final CacheShape shape;
    private final int dims;
    private final HostBuffer keys;
    private final HostBuffer values;

    VectorKvCache(DType dtype, int layers, int slots, AttentionShape heads, int capacity) {
        shape = new CacheShape(dtype, layers, slots, heads, Lanes.roundUp(capacity, TILE));
        dims = Lanes.roundUp(heads.headDim(), TILE);
        long rows = (long) layers * slots * heads.kvHeads() * shape.capacity();
        keys = new HostBuffer(rows * heads.headDim() * dtype.bytes());
        values = new HostBuffer(rows * dims * dtype.bytes());
    }

    private long head(int layer, int slot, int head) {
        return ((long) layer * slots() + slot) * kvHeads() + head;
    }

    /** Address of the key tile that holds {@code position}, a multiple of {@link Lanes#TILE}. */
    long keyTile(int layer, int slot, int head, int position) {
        long element = (head(layer, slot, head) * capacity() + position) * headDim();
        return keys.segment().address() + element * dtype().bytes();
    }

    /** Address of the values of {@code position} in dimension tile {@code dimTile}. */
    long valueTile(int layer, int slot, int head, int dimTile, int position) {
        long element =
                head(layer, slot, head) * capacity() * dims
                        + ((long) dimTile * capacity() + position) * TILE;
        return values.segment().address() + element * dtype().bytes();
    }

    /** Dimension tiles of a value row; the last may be partly unused. */
    int dimTiles() {
        return dims / TILE;
    }

    @Override
    public CacheShape shape() {
        return shape;
    }

    @Override
    public void fill(double value) {
        try (Arena arena = Arena.ofConfined()) {
            int run = 1024;
            long floats = arena.allocate(4L * run, 64).address();
            for (int i = 0; i < run; i++) {
                Lanes.putFloat(floats + 4L * i, (float) value);
            }
            for (HostBuffer buffer : new HostBuffer[] {keys, values}) {
                long elements = buffer.byteSize() / dtype().bytes();
                for (long i = 0; i < elements; i += run) {
                    Convert.round(
                            floats,
                            buffer.segment().address() + i * dtype().bytes(),
                            dtype(),
                            (int) Math.min(run, elements - i));
                }
            }
        }
    }

    @Override
    public void close() {
        keys.close();
        values.close();
    }
}
