package io.sparktts.tornado;

import io.sparktts.backend.DType;
import io.sparktts.backend.Device;
import io.sparktts.backend.Tensor;

import java.util.HashMap;
import java.util.Map;

/** Scratch tensors by name and dtype; each grows to the largest request. */
final class Scratch implements AutoCloseable {
    private final Device device;
    private final Map<String, Entry> entries = new HashMap<>();

    private record Entry(Tensor memory, Tensor view) {}

    Scratch(Device device) {
        this.device = device;
    }

    /** See {@link io.sparktts.backend.Kernels#scratch}. */
    Tensor get(String name, DType dtype, long rows, long columns) {
        String key = name + "." + dtype.id();
        Entry e = entries.get(key);
        if (e != null && e.view.dim(0) == rows && e.view.dim(1) == columns) {
            return e.view;
        }
        Tensor memory;
        if (e != null && e.memory.elements() >= rows * columns) {
            memory = e.memory;
        } else {
            memory = device.allocate(dtype, rows * columns);
            if (e != null) {
                e.memory.close();
            }
        }
        Tensor view = memory.view(0, rows, columns);
        entries.put(key, new Entry(memory, view));
        return view;
    }

    @Override
    public void close() {
        entries.values().forEach(e -> e.memory.close());
        entries.clear();
    }
}
