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
import uk.ac.manchester.tornado.api.types.arrays.HalfFloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;

/**
 * A device of TornadoVM. Each kernel is compiled once, as an execution plan of one task over
 * stand-ins; a launch points the stand-ins at the tensors' device memory (see {@link
 * DeviceStates}), so data stays on the device and a plan serves all shapes.
 */
final class PlanExecutor implements Executor {
    private static final long HEADER = TornadoNativeArray.ARRAY_HEADER;

    /** Transfers outside plans go through a queue of this number; plans count from 1. */
    private static final long TRANSFERS = 0;

    private static final int LARGE_STAGING = 16 << 20;

    private final TornadoDevice device;
    private final DeviceStates states;
    private final Optional<SdkFeatures> features;
    private final CompiledCode code;
    private final Map<String, Plan> plans = new HashMap<>();
    private final Map<List<DType>, ProductPlan> products = new HashMap<>();

    /** By heads, span and width of a head: what cuDNN makes a plan of its own for. */
    private final Map<List<Integer>, LibraryPlan> attentions = new HashMap<>();

    /** Stands for any tensor when memory is allocated, by its size in bytes alone. */
    private final FloatArray anchor = new FloatArray(1);

    private FloatArray staging = new FloatArray(1024);

    PlanExecutor(TornadoDevice device, Optional<SdkFeatures> features) {
        this.device = device;
        this.states = new DeviceStates(device);
        this.features = features;
        this.code = new CompiledCode(device);
    }

    private record Plan(
            TornadoExecutionPlan plan,
            WorkerGrid grid,
            List<DeviceBufferState> tensors,
            IntArray sizes,
            FloatArray scalars) {}

    /** A plan of one library call. */
    private record LibraryPlan(TornadoExecutionPlan plan, List<DeviceBufferState> operands) {
        void bind(DeviceStates states, List<TornadoBuffer> buffers) {
            for (int i = 0; i < operands.size(); i++) {
                states.bind(operands.get(i), (XPUBuffer) buffers.get(i).memory());
            }
        }
    }

    /** One that asks for the product that is to be made. */
    private record ProductPlan(LibraryPlan call, AtomicReference<MatrixProduct> product) {}

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
                            + " more bytes of tensors ("
                            + firstLine(e)
                            + "); use shorter sequences, a smaller batch or --device another",
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
            // A transfer is always of the whole memory.
            fetch(memory, array, target.byteSize(), 0);
            device.sync(TRANSFERS);
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
    public void run(Step step) {
        switch (step) {
            case Launch launch -> launch(launch);
            case MatrixProduct product -> multiply(product);
            case CausalAttention attention -> attend(attention);
        }
    }

    private void launch(Launch launch) {
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
        execute(plan.plan, "the kernel " + launch.kernel().id());
        code.compiled(launch.kernel(), plan.plan.getId());
    }

    private void multiply(MatrixProduct product) {
        List<MatrixProduct.Operand> operands =
                List.of(product.out(), product.left(), product.right());
        ProductPlan plan =
                products.computeIfAbsent(
                        operands.stream().map(MatrixProduct.Operand::dtype).toList(),
                        this::buildProduct);
        plan.call.bind(states, operands.stream().map(MatrixProduct.Operand::buffer).toList());
        plan.product.set(product);
        execute(plan.call.plan, "a matrix product");
    }

    private void attend(CausalAttention a) {
        LibraryPlan plan =
                attentions.computeIfAbsent(
                        List.of(a.heads(), a.span(), a.headDim()), k -> buildAttention(a));
        plan.bind(states, List.of(a.out(), a.queries(), a.keys(), a.values()));
        execute(plan.plan, "attention");
    }

    /** Runs a plan to its end. */
    static void execute(TornadoExecutionPlan plan, String what) {
        try {
            plan.execute();
        } catch (RuntimeException e) {
            throw new BackendException(
                    "TornadoVM could not run "
                            + what
                            + ": "
                            + firstLine(e)
                            + "; use another --device or --backend vector",
                    e);
        }
    }

    @Override
    public Recording record(List<Step> steps) {
        return new GraphRecording(this, device, states, code, features, steps);
    }

    private static String firstLine(Throwable e) {
        return String.valueOf(e.getMessage()).lines().findFirst().orElse("");
    }

    private Plan build(KernelCode kernel) {
        Object[] arguments = new Object[kernel.arguments()];
        int tensors = kernel.types().size();
        for (int i = 0; i < tensors; i++) {
            arguments[i] = standIn(kernel.types().get(i));
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
        kernel.task().add(graph, CompiledCode.TASK, new KernelContext(), arguments);
        WorkerGrid grid = new WorkerGrid1D(1);
        ImmutableTaskGraph compiled = graph.snapshot();
        TornadoExecutionPlan plan = new TornadoExecutionPlan(compiled);
        String task = kernel.id() + "." + CompiledCode.TASK;
        plan.withDevice(device).withGridScheduler(new GridScheduler(task, grid));
        return new Plan(plan, grid, states.of(compiled, once), sizes, scalars);
    }

    private ProductPlan buildProduct(List<DType> dtypes) {
        AtomicReference<MatrixProduct> product = new AtomicReference<>();
        LibraryPlan call =
                libraryPlan(
                        "product" + products.size(),
                        dtypes,
                        (sdk, graph, a) ->
                                sdk.addProduct(
                                        graph,
                                        CompiledCode.TASK,
                                        product::get,
                                        a.get(0),
                                        a.get(1),
                                        a.get(2)));
        return new ProductPlan(call, product);
    }

    private LibraryPlan buildAttention(CausalAttention attention) {
        return libraryPlan(
                "attention" + attentions.size(),
                Collections.nCopies(4, DType.F16),
                (sdk, graph, a) ->
                        sdk.addAttention(
                                graph,
                                CompiledCode.TASK,
                                attention,
                                a.get(0),
                                a.get(1),
                                a.get(2),
                                a.get(3)));
    }

    /** Adds a library's task to a graph, over stand-ins. */
    private interface LibraryTask {
        void add(SdkFeatures sdk, TaskGraph graph, List<Object> arguments);
    }

    private LibraryPlan libraryPlan(String name, List<DType> dtypes, LibraryTask task) {
        List<Object> arguments = dtypes.stream().map(this::standIn).toList();
        TaskGraph graph = new TaskGraph(name);
        graph.transferToDevice(DataTransferMode.FIRST_EXECUTION, arguments.toArray());
        task.add(features.orElseThrow(), graph, arguments);
        ImmutableTaskGraph compiled = graph.snapshot();
        TornadoExecutionPlan plan = new TornadoExecutionPlan(compiled);
        plan.withDevice(device);
        return new LibraryPlan(plan, states.of(compiled, arguments));
    }

    /** An array that stands for memory of a type. */
    static Object standIn(Class<?> type) {
        try {
            return type.getConstructor(int.class).newInstance(1);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(type + " is no array of TornadoVM", e);
        }
    }

    private Object standIn(DType dtype) {
        return standIn(arrayType(dtype, features));
    }

    /** The arrays of a dtype. */
    static Class<?> arrayType(DType dtype, Optional<SdkFeatures> features) {
        return switch (dtype) {
            case F32 -> FloatArray.class;
            case F16 -> HalfFloatArray.class;
            case I32 -> IntArray.class;
            case BF16 -> features.orElseThrow().bf16Array(1).getClass();
            case F64 -> throw new BackendException("TornadoVM's kernels have no f64 tensors");
        };
    }

    /** Closes a plan, whose stand-ins point at what belongs to tensors. */
    static void close(
            TornadoExecutionPlan plan, DeviceStates states, List<DeviceBufferState> bound) {
        bound.forEach(states::unbind);
        try {
            plan.close();
        } catch (TornadoExecutionPlanException e) {
            throw new BackendException("TornadoVM could not close a plan: " + firstLine(e), e);
        }
    }

    @Override
    public void close() {
        plans.values().forEach(p -> close(p.plan, states, p.tensors));
        plans.clear();
        products.values().forEach(p -> close(p.call.plan, states, p.call.operands));
        products.clear();
        attentions.values().forEach(p -> close(p.plan, states, p.operands));
        attentions.clear();
    }
}
