package io.sparktts.tornado;

import uk.ac.manchester.tornado.api.ImmutableTaskGraph;
import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.api.memory.DeviceBufferState;
import uk.ac.manchester.tornado.api.memory.XPUBuffer;

import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.List;

/**
 * Reaches behind TornadoVM's API, as {@link CompiledCode} does. A plan keeps its own table of where
 * each argument lies on the device, and the API shares entries only between the graphs of one plan,
 * known from its start. Tensors outlive plans, so their memory is entered into the tables here. The
 * runtime's module is open; what is used of it is checked against SDK 5.2.0 when a device opens.
 */
final class DeviceStates {
    private final TornadoDevice device;
    private final Class<?> stateType;

    DeviceStates(TornadoDevice device) {
        this.device = device;
        try {
            this.stateType =
                    Class.forName(
                            "uk.ac.manchester.tornado.runtime.common.XPUDeviceBufferState",
                            true,
                            device.getClass().getClassLoader());
        } catch (ClassNotFoundException e) {
            throw new IllegalStateException("TornadoVM's runtime is not 5.2.0", e);
        }
    }

    /** The state of memory that no plan knows. */
    DeviceBufferState unbound() {
        try {
            return (DeviceBufferState) stateType.getConstructor().newInstance();
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("TornadoVM's runtime is not 5.2.0", e);
        }
    }

    /** The entries of a graph's arguments, in their order. */
    List<DeviceBufferState> of(ImmutableTaskGraph graph, List<Object> arguments) {
        Object implementation = field(field(graph, "taskGraph"), "taskGraphImpl");
        Object context = field(implementation, "executionContext");
        List<?> objects = (List<?>) call(context, "getObjects");
        List<?> states = (List<?>) call(context, "getObjectStates");
        DeviceBufferState[] found = new DeviceBufferState[arguments.size()];
        for (int i = 0; i < objects.size(); i++) {
            for (int a = 0; a < found.length; a++) {
                if (isSame(objects.get(i), arguments.get(a))) {
                    Object all = call(states.get(i), "getDataObjectState");
                    found[a] = (DeviceBufferState) call(all, "getDeviceBufferState", device);
                }
            }
        }
        return List.of(found);
    }

    @SuppressWarnings("ReferenceEquality")
    private static boolean isSame(Object a, Object b) {
        return a == b;
    }

    /** Makes a plan's argument lie in {@code memory}, as present and not the plan's to free. */
    void bind(DeviceBufferState state, XPUBuffer memory) {
        if (!state.hasObjectBuffer()) {
            call(state, "setLockBuffer", true);
            state.setContents(true);
        }
        state.setXPUBuffer(memory);
    }

    /** Leaves a plan nothing to free. */
    void unbind(DeviceBufferState state) {
        state.setXPUBuffer(null);
    }

    static Object field(Object of, String name) {
        for (Class<?> c = of.getClass(); c != null; c = c.getSuperclass()) {
            for (Field f : c.getDeclaredFields()) {
                if (f.getName().equals(name)) {
                    try {
                        f.setAccessible(true);
                        return f.get(of);
                    } catch (IllegalAccessException e) {
                        throw new IllegalStateException("TornadoVM's runtime is not 5.2.0", e);
                    }
                }
            }
        }
        throw new IllegalStateException(
                "TornadoVM's runtime is not 5.2.0: " + of.getClass() + " has no " + name);
    }

    static Object call(Object of, String name, Object... arguments) {
        Method method =
                Arrays.stream(of.getClass().getMethods())
                        .filter(m -> m.getName().equals(name))
                        .filter(m -> m.getParameterCount() == arguments.length)
                        .filter(m -> !m.isBridge())
                        .findFirst()
                        .orElseThrow(
                                () ->
                                        new IllegalStateException(
                                                "TornadoVM's runtime is not 5.2.0: no " + name));
        try {
            method.setAccessible(true);
            return method.invoke(of, arguments);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("TornadoVM's runtime is not 5.2.0: " + name, e);
        }
    }
}
