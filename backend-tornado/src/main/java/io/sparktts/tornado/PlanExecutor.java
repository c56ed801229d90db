package io.sparktts.tornado;

import io.sparktts.backend.BackendException;
import io.sparktts.backend.DType;
import io.sparktts.tornado.kernel.KernelCode;

import uk.ac.manchester.tornado.api.GridScheduler;
import uk.ac.manchester.tornado.api.ImmutableTaskGraph;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.TaskGraph;
import uk.ac.manchester.tornado.api.TornadoExecutionPlan;
import uk.ac.manchester.tornado.api.WorkerGrid;
import uk.ac.manchester.tornado.api.WorkerGrid1D;
import uk.ac.manchester.tornado.api.common.Access;
import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.api.enums.DataTransferMode;
import uk.ac.manchester.tornado.api.exceptions.TornadoExecutionPlanException;
import uk.ac.manchester.tornado.api.memory.DeviceBufferState;
import uk.ac.manchester.tornado.api.memory.XPUBuffer;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A device of TornadoVM. Each kernel is compiled once, as an execution plan of one task over
 * placeholders; a launch points the placeholders at the tensors' device memory (see {@link
 * DeviceStates}), so data stays on the device and a plan serves all shapes.
 */
final class PlanExecutor implements Executor {
    private static final long HEADER = TornadoNativeArray.ARRAY_HEADER;

    /** Transfers outside plans go through a queue of this number; plans count from 1. */
    private static final long TRANSFERS = 0;

    private static final int LARGE_STAGING = 16 << 20;

    private final TornadoDevice device;
    private final DeviceStates states;
    private final Map<String, Plan> plans = new HashMap<>();

    /** Stands for any tensor when memory is allocated, by its size in bytes alone. */
    private final FloatArray anchor = new FloatArray(1);

    private FloatArray staging = new FloatArray(1024);

    PlanExecutor(TornadoDevice device) {
        this.device = device;
        this.states = new DeviceStates(device);
    }

    private record Plan(
            TornadoExecutionPlan plan,
            WorkerGrid grid,
            List<DeviceBufferState> tensors,
            IntArray sizes,
            FloatArray scalars) {}

    @Override
    public Object allocate(DType dtype, long elements) {
        DeviceBufferState state = states.unbound();
        try {
            device.allocate(
                    anchor,
                    HEADER + Math.max(1, elements) * dtype.bytes(),
                    state,
                    Access.READ_WRITE);
        } catch (RuntimeException e) {
            throw new BackendException(
                    "the device has no room for "
                            + elements * dtype.bytes()
                            + " more bytes of tensors; use shorter sequences, a smaller batch or"
                            + " --device another",
                    e);
        }
        return state.getXPUBuffer();
    }

    @Override
    public void free(Object memory) {
        ((XPUBuffer) memory).markAsFreeBuffer();
    }

    private FloatArray staging(long bytes) {
        long floats = (bytes + 3) / 4;
        if (floats <= staging.getSize()) {
            return staging;
        }
        if (floats > Integer.MAX_VALUE - 8) {
            throw new BackendException(
                    "TornadoVM holds no tensor of " + bytes + " bytes; 8 GB are the most");
        }
        FloatArray array = new FloatArray((int) floats);
        if (floats <= LARGE_STAGING) {
            staging = array;
        }
        return array;
    }

    private static MemorySegment data(FloatArray array, long byteOffset, long bytes) {
        return array.getSegmentWithHeader().asSlice(HEADER + byteOffset, bytes);
    }

    @Override
    public void write(TornadoBuffer target, long byteOffset, MemorySegment source) {
        FloatArray array = staging(target.byteSize());
        XPUBuffer memory = (XPUBuffer) target.memory();
        if (source.byteSize() < target.byteSize()) {
            // A transfer always begins at the start of the memory.
            fetch(memory, array, byteOffset + source.byteSize(), 0);
        }
        data(array, byteOffset, source.byteSize()).copyFrom(source);
        memory.enqueueWrite(TRANSFERS, array, 0, 0, null, false);
        device.sync(TRANSFERS);
    }

    private static void fetch(XPUBuffer memory, FloatArray array, long bytes, long from) {
        memory.read(TRANSFERS, array, HEADER + from, bytes - from, null, false);
    }

    @Override
    public void read(TornadoBuffer source, long byteOffset, MemorySegment target) {
        if (target.byteSize() == 0) {
            return;
        }
        FloatArray array = staging(source.byteSize());
        fetch((XPUBuffer) source.memory(), array, byteOffset + target.byteSize(), byteOffset);
        device.sync(TRANSFERS);
        target.copyFrom(data(array, byteOffset, target.byteSize()));
    }

    @Override
    public void launch(Launch launch) {
        if (launch.items() == 0) {
            return;
        }
        Plan plan = plans.computeIfAbsent(launch.kernel().id(), id -> build(launch.kernel()));
        for (int i = 0; i < plan.tensors.size(); i++) {
            states.bind(plan.tensors.get(i), (XPUBuffer) launch.buffers()[i].memory());
        }
        for (int i = 0; i < launch.sizes().length; i++) {
            plan.sizes.set(i, launch.sizes()[i]);
        }
        for (int i = 0; i < launch.scalars().length; i++) {
            plan.scalars.set(i, launch.scalars()[i]);
        }
        plan.grid.setGlobalWork(launch.items(), 1, 1);
        plan.grid.setLocalWork(launch.groupSize(), 1, 1);
        try {
            plan.plan.execute();
        } catch (RuntimeException e) {
            throw new BackendException(
                    "TornadoVM could not run the kernel "
                            + launch.kernel().id()
                            + ": "
                            + firstLine(e)
                            + "; use another --device or --backend vector",
                    e);
        }
    }

    private static String firstLine(Throwable e) {
        return String.valueOf(e.getMessage()).lines().findFirst().orElse("");
    }

    private Plan build(KernelCode kernel) {
        Object[] arguments = new Object[kernel.arguments()];
        int tensors = kernel.types().size();
        for (int i = 0; i < tensors; i++) {
            arguments[i] = placeholder(kernel.types().get(i));
        }
        IntArray sizes = new IntArray(32);
        FloatArray scalars = new FloatArray(256);
        arguments[tensors] = sizes;
        if (kernel.scalars()) {
            arguments[tensors + 1] = scalars;
        }
        TaskGraph graph = new TaskGraph(kernel.id());
        List<Object> once = new ArrayList<>(List.of(arguments).subList(0, tensors));
        graph.transferToDevice(DataTransferMode.FIRST_EXECUTION, once.toArray());
        graph.transferToDevice(DataTransferMode.EVERY_EXECUTION, sizes);
        if (kernel.scalars()) {
            graph.transferToDevice(DataTransferMode.EVERY_EXECUTION, scalars);
        }
        kernel.task().add(graph, "task", new KernelContext(), arguments);
        WorkerGrid grid = new WorkerGrid1D(1);
        ImmutableTaskGraph compiled = graph.snapshot();
        TornadoExecutionPlan plan = new TornadoExecutionPlan(compiled);
        plan.withDevice(device).withGridScheduler(new GridScheduler(kernel.id() + ".task", grid));
        return new Plan(plan, grid, states.of(compiled, once), sizes, scalars);
    }

    private static Object placeholder(Class<?> type) {
        try {
            return type.getConstructor(int.class).newInstance(1);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(type + " is no array of TornadoVM", e);
        }
    }

    @Override
    public void close() {
        for (Plan p : plans.values()) {
            // What the placeholders point at belongs to the tensors.
            p.tensors.forEach(states::unbind);
            try {
                p.plan.close();
            } catch (TornadoExecutionPlanException e) {
                throw new BackendException("TornadoVM could not close a plan: " + firstLine(e), e);
            }
        }
        plans.clear();
    }
}
