package io.sparktts.vector;

import static io.sparktts.vector.Lanes.TILE;

import io.sparktts.backend.AttentionShape;
import io.sparktts.backend.DType;
import io.sparktts.backend.SequenceBatch;
import io.sparktts.backend.Tensor;
import io.sparktts.host.HostDevice;

import java.lang.foreign.MemorySegment;

/** Small kernels on tokens and their places: embedding, rotary, cache write, gather, advance. */
final class SequenceKernels implements AutoCloseable {
    private final WorkerScratch scratch;

    SequenceKernels(WorkerPool pool) {
        scratch = new WorkerScratch(pool);
    }

    void embedding(Tensor out, Tensor ids, PanelWeight table) {
        int width = table.inFeatures();
        long row = scratch.get(0, 4L * width);
        for (int t = 0; t < out.rows(); t++) {
            int id = Lanes.getInt(HostDevice.address(ids) + 4L * t);
            if (id < 0 || id >= table.outFeatures()) {
                throw new IllegalArgumentException(
                        "token id " + id + " is outside the vocabulary of " + table.outFeatures());
            }
            table.row(id, row);
            long to = HostDevice.address(out) + (long) t * width * out.dtype().bytes();
            Convert.round(row, to, out.dtype(), width);
        }
    }

    void rotary(Tensor qkv, AttentionShape s, Tensor positions, Tensor cos, Tensor sin) {
        DType dtype = qkv.dtype();
        int d = s.headDim();
        int half = d / 2;
        int turned = (s.heads() + s.kvHeads()) * d;
        long row = scratch.get(0, 4L * turned);
        long cosines = HostDevice.address(cos);
        long sines = HostDevice.address(sin);
        long places = HostDevice.address(positions);
        for (int t = 0; t < qkv.rows(); t++) {
            int position = Lanes.getInt(places + 4L * t);
            if (position < 0) {
                continue; // a token that only pads
            }
            if (position >= cos.dim(0)) {
                throw new IllegalArgumentException(
                        "position " + position + " is outside the rotary table of " + cos.dim(0));
            }
            long x = HostDevice.address(qkv) + (long) t * s.qkvWidth() * dtype.bytes();
            long c = cosines + 4L * half * position;
            long n = sines + 4L * half * position;
            long work = dtype == DType.F32 ? x : row;
            if (dtype != DType.F32) {
                Convert.widen(x, dtype, row, turned);
            }
            for (int h = 0; h < turned; h += d) {
                long a = work + 4L * h;
                long b = a + 4L * half;
                for (int j = 0; j < half; j++) {
                    float x0 = Lanes.getFloat(a + 4L * j);
                    float x1 = Lanes.getFloat(b + 4L * j);
                    float cj = Lanes.getFloat(c + 4L * j);
                    float sj = Lanes.getFloat(n + 4L * j);
                    Lanes.putFloat(a + 4L * j, x0 * cj - x1 * sj);
                    Lanes.putFloat(b + 4L * j, x1 * cj + x0 * sj);
                }
            }
            if (dtype != DType.F32) {
                Convert.round(row, x, dtype, turned);
            }
        }
    }

    void cacheWrite(
            VectorKvCache cache, int layer, Tensor qkv, AttentionShape s, SequenceBatch batch) {
        int d = s.headDim();
        DType from = qkv.dtype();
        DType to = cache.dtype();
        int size = to.bytes();
        long wide = scratch.get(0, 8L * d);
        long element = wide + 4L * d;
        for (int b = 0; b < batch.batch(); b++) {
            int slot = Lanes.getInt(HostDevice.address(batch.slot()) + 4L * b);
            if (slot < 0) {
                continue;
            }
            int end = Lanes.getInt(HostDevice.address(batch.tokenOffsets()) + 4L * b + 4);
            for (int t = Lanes.getInt(HostDevice.address(batch.tokenOffsets()) + 4L * b);
                    t < end;
                    t++) {
                int position = Lanes.getInt(HostDevice.address(batch.positions()) + 4L * t);
                if (slot >= cache.slots() || position < 0 || position >= cache.capacity()) {
                    throw new IllegalArgumentException(
                            "slot "
                                    + slot
                                    + ", position "
                                    + position
                                    + " is outside a cache of "
                                    + cache.slots()
                                    + " x "
                                    + cache.capacity());
                }
                for (int h = 0; h < s.kvHeads(); h++) {
                    long key =
                            HostDevice.address(qkv)
                                    + ((long) t * s.qkvWidth() + s.queryWidth() + (long) h * d)
                                            * from.bytes();
                    long value = key + (long) s.kvHeads() * d * from.bytes();
                    Convert.widen(key, from, wide, d);
                    Convert.round(wide, element, to, d);
                    long keyTo =
                            cache.keyTile(layer, slot, h, position / TILE * TILE)
                                    + (long) (position % TILE) * size;
                    for (int i = 0; i < d; i++) {
                        copy(element + (long) i * size, keyTo + (long) i * TILE * size, size);
                    }
                    Convert.widen(value, from, wide, d);
                    Convert.round(wide, element, to, d);
                    for (int i = 0; i < d; i += TILE) {
                        MemorySegment.copy(
                                Lanes.ALL,
                                element + (long) i * size,
                                Lanes.ALL,
                                cache.valueTile(layer, slot, h, i / TILE, position),
                                (long) Math.min(TILE, d - i) * size);
                    }
                }
            }
        }
    }

    private static void copy(long from, long to, int size) {
        if (size == 4) {
            Lanes.putInt(to, Lanes.getInt(from));
        } else {
            Lanes.ALL.set(Lanes.SHORT, to, Lanes.ALL.get(Lanes.SHORT, from));
        }
    }

    static void gatherRows(Tensor out, Tensor x, SequenceBatch batch) {
        long bytes = (long) x.columns() * x.dtype().bytes();
        for (int b = 0; b < batch.batch(); b++) {
            long offsets = HostDevice.address(batch.tokenOffsets()) + 4L * b;
            int last = Lanes.getInt(offsets + 4) - 1;
            if (last >= Lanes.getInt(offsets)) {
                MemorySegment.copy(
                        Lanes.ALL,
                        HostDevice.address(x) + last * bytes,
                        Lanes.ALL,
                        HostDevice.address(out) + b * bytes,
                        bytes);
            }
        }
    }

    static void advance(SequenceBatch batch) {
        for (int b = 0; b < batch.batch(); b++) {
            if (Lanes.getInt(HostDevice.address(batch.slot()) + 4L * b) < 0) {
                continue;
            }
            long length = HostDevice.address(batch.cacheLength()) + 4L * b;
            Lanes.putInt(length, Lanes.getInt(length) + 1);
            long offsets = HostDevice.address(batch.tokenOffsets()) + 4L * b;
            for (int t = Lanes.getInt(offsets); t < Lanes.getInt(offsets + 4); t++) {
                long position = HostDevice.address(batch.positions()) + 4L * t;
                Lanes.putInt(position, Lanes.getInt(position) + 1);
            }
        }
    }

    @Override
    public void close() {
        scratch.close();
    }
}
