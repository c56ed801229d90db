package io.sparktts.reference;

import io.sparktts.backend.AttentionShape;
import io.sparktts.backend.BackendException;
import io.sparktts.backend.CacheShape;
import io.sparktts.backend.DType;
import io.sparktts.backend.KvCache;
import io.sparktts.backend.Tensor;

/** Keys and values as {@code [layers][slots][capacity][kvHeads * headDim]}: a position is a row. */
final class ReferenceCache implements KvCache {
    private final CacheShape shape;
    private final Tensor keys;
    private final Tensor values;

    ReferenceCache(
            ReferenceDevice device,
            DType dtype,
            int layers,
            int slots,
            AttentionShape heads,
            int capacity) {
        this.shape = new CacheShape(dtype, layers, slots, heads, capacity);
        long rows = (long) layers * slots * capacity;
        this.keys = device.allocate(dtype, rows, width());
        this.values = device.allocate(dtype, rows, width());
    }

    private int width() {
        return kvHeads() * headDim();
    }

    private long start(int layer, int slot, int position) {
        if (position < 0 || position >= capacity() || slot >= slots()) {
            throw new BackendException(
                    "position "
                            + position
                            + " of slot "
                            + slot
                            + " is outside a cache of "
                            + slots()
                            + " x "
                            + capacity());
        }
        return (((long) layer * slots() + slot) * capacity() + position) * width();
    }

    void write(int layer, int slot, int position, double[] key, double[] value) {
        long start = start(layer, slot, position);
        Rows.of(keys).set(start, key);
        Rows.of(values).set(start, value);
    }

    /** The first {@code n} positions of a slot: {@code [n, kvHeads, headDim]}. */
    double[] keys(int layer, int slot, int n) {
        return Rows.of(keys).get(start(layer, slot, n - 1) - (long) (n - 1) * width(), n * width());
    }

    /** Like {@link #keys}. */
    double[] values(int layer, int slot, int n) {
        return Rows.of(values)
                .get(start(layer, slot, n - 1) - (long) (n - 1) * width(), n * width());
    }

    @Override
    public CacheShape shape() {
        return shape;
    }

    @Override
    public void fill(double value) {
        Rows k = Rows.of(keys);
        Rows v = Rows.of(values);
        for (long i = 0; i < keys.elements(); i++) {
            k.tensor().set(i, value);
            v.tensor().set(i, value);
        }
    }

    @Override
    public void close() {
        keys.close();
        values.close();
    }
}
