package io.sparktts.jcuda;

import io.sparktts.backend.DType;
import io.sparktts.backend.Tensor;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Scratch memory of a queue, by name; shared by all kernels of the queue, whose work is ordered. A
 * buffer that is outgrown stays, since recorded graphs may hold its address; it grows at least by
 * half, so that what stays is bounded.
 */
final class CudaScratch implements AutoCloseable {
    private record Key(String name, DType dtype, long rows, long columns) {}

    private final CudaDevice device;
    private final Map<String, Tensor> memory = new HashMap<>();
    private final Map<Key, Tensor> views = new HashMap<>();
    private final List<Tensor> all = new ArrayList<>();

    CudaScratch(CudaDevice device) {
        this.device = device;
    }

    /** See {@link io.sparktts.backend.Kernels#scratch}. */
    Tensor get(String name, DType dtype, long rows, long columns) {
        Key key = new Key(name, dtype, rows, columns);
        Tensor view = views.get(key);
        if (view == null) {
            view = memory(key).view(0, rows, columns);
            views.put(key, view);
        }
        return view;
    }

    private Tensor memory(Key key) {
        String typed = key.name + "/" + key.dtype.id();
        long elements = key.rows * key.columns;
        Tensor now = memory.get(typed);
        if (now == null || now.elements() < elements) {
            long grown = now == null ? elements : Math.max(elements, now.elements() * 3 / 2);
            now = device.allocate(key.dtype, grown);
            all.add(now);
            memory.put(typed, now);
            views.keySet().removeIf(k -> k.name.equals(key.name) && k.dtype == key.dtype);
        }
        return now;
    }

    /** {@code n} integers that are zero at first, and that kernels leave at zero. */
    Tensor counters(String name, int n) {
        Tensor now = memory.get(name);
        if (now == null || now.elements() < n) {
            now = device.allocate(DType.I32, n);
            device.zero(now);
            all.add(now);
            memory.put(name, now);
        }
        return now;
    }

    @Override
    public void close() {
        all.forEach(Tensor::close);
        all.clear();
        memory.clear();
        views.clear();
    }
}
