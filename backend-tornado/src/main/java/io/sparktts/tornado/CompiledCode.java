package io.sparktts.tornado;

import io.sparktts.tornado.kernel.KernelCode;

import uk.ac.manchester.tornado.api.common.TornadoDevice;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Code of kernels that have run, for recordings that run them again. TornadoVM compiles each task
 * of each plan anew, and a recording has hundreds: their places in its caches are filled here with
 * what the plans of single kernels compiled. That code is the same for all sizes.
 */
final class CompiledCode {
    /** The name of a kernel's task in the graph of its own. */
    static final String TASK = "task";

    private final TornadoDevice device;
    private final Map<String, Entry> entries = new HashMap<>();

    /** Installed code, and the method's name that ends its keys. */
    private record Entry(String method, Object code) {}

    /** Places that were filled, to be emptied before their plan ends, which ends its code too. */
    record Loan(Map<String, Object> cache, List<String> keys) {
        void end() {
            keys.forEach(cache::remove);
        }
    }

    CompiledCode(TornadoDevice device) {
        this.device = device;
    }

    @SuppressWarnings("unchecked")
    private Map<String, Object> cache(long plan) {
        Object context = DeviceStates.call(device, "getDeviceContext");
        return (Map<String, Object>)
                DeviceStates.field(DeviceStates.call(context, "getCodeCache", plan), "cache");
    }

    /** Remembers what a kernel's own plan compiled. */
    void compiled(KernelCode kernel, long plan) {
        if (!entries.containsKey(kernel.id())) {
            String start = kernel.id() + "." + TASK + "-";
            cache(plan)
                    .forEach(
                            (key, code) -> {
                                if (key.startsWith(start)) {
                                    String method = key.substring(start.length());
                                    entries.put(kernel.id(), new Entry(method, code));
                                }
                            });
        }
    }

    /**
     * Lends code to a plan that has not run yet.
     *
     * @param kernels by the full names of its tasks
     */
    Loan lend(long plan, Map<String, KernelCode> kernels) {
        Map<String, Object> cache = cache(plan);
        Map<String, Object> lent = new HashMap<>();
        kernels.forEach(
                (task, kernel) -> {
                    Entry entry = entries.get(kernel.id());
                    if (entry != null) {
                        lent.put(task + "-" + entry.method, entry.code);
                    }
                });
        cache.putAll(lent);
        return new Loan(cache, List.copyOf(lent.keySet()));
    }
}
