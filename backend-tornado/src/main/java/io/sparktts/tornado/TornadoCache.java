package io.sparktts.tornado;

import io.sparktts.backend.AttentionShape;
import io.sparktts.backend.CacheShape;
import io.sparktts.backend.DType;
import io.sparktts.backend.Device;
import io.sparktts.backend.HostTensor;
import io.sparktts.backend.KvCache;
import io.sparktts.backend.Tensor;

import java.lang.foreign.Arena;

/** Keys and values as {@code [layers][slots][kvHeads][capacity][headDim]} each. */
final class TornadoCache implements KvCache {
    private final Device device;
    private final CacheShape shape;
    private final Tensor keys;
    private final Tensor values;

    TornadoCache(
            Device device, DType dtype, int layers, int slots, AttentionShape heads, int capacity) {
        this.device = device;
        this.shape = new CacheShape(dtype, layers, slots, heads, capacity);
        this.keys = device.allocate(dtype, layers * layerElements());
        this.values = device.allocate(dtype, layers * layerElements());
    }

    private long layerElements() {
        return (long) slots() * kvHeads() * capacity() * headDim();
    }

    Tensor keys() {
        return keys;
    }

    Tensor values() {
        return values;
    }

    /** First element of a layer. */
    int layerOffset(int layer) {
        return Math.toIntExact(layer * layerElements());
    }

    @Override
    public CacheShape shape() {
        return shape;
    }

    @Override
    public void fill(double value) {
        try (Arena arena = Arena.ofConfined()) {
            HostTensor all = HostTensor.allocate(arena, dtype(), keys.elements());
            for (long i = 0; i < all.elements(); i++) {
                all.set(i, value);
            }
            device.write(keys, all.data());
            device.write(values, all.data());
        }
    }

    @Override
    public void close() {
        keys.close();
        values.close();
    }
}
