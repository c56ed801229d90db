package io.sparktts.host;

import io.sparktts.backend.DType;
import io.sparktts.backend.Device;
import io.sparktts.backend.Tensor;

import java.util.HashMap;
import java.util.Map;

/**
 * Scratch tensors by name; each grows to the largest request, and an unchanged request allocates
 * nothing.
 */
public final class HostScratch implements AutoCloseable {
    private final Device device;
    private final Map<String, Entry> entries = new HashMap<>();

    public HostScratch(Device device) {
        this.device = device;
    }

    private record Entry(Tensor memory, Tensor view) {}

    /** See {@link io.sparktts.backend.Kernels#scratch}. */
    public Tensor get(String name, DType dtype, long rows, long columns) {
        Entry e = entries.get(name);
        if (e != null
                && e.view.dtype() == dtype
                && e.view.dim(0) == rows
                && e.view.dim(1) == columns) {
            return e.view;
        }
        Tensor memory;
        if (e != null && e.memory.dtype() == dtype && e.memory.elements() >= rows * columns) {
            memory = e.memory;
        } else {
            memory = device.allocate(dtype, rows * columns);
            if (e != null) {
                e.memory.close();
            }
        }
        Tensor view = memory.view(0, rows, columns);
        entries.put(name, new Entry(memory, view));
        return view;
    }

    @Override
    public void close() {
        entries.values().forEach(e -> e.memory.close());
        entries.clear();
    }
}
