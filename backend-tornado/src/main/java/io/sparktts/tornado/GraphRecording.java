package io.sparktts.tornado;

import io.sparktts.backend.DType;
import io.sparktts.tornado.kernel.KernelCode;
import io.sparktts.tornado.kernel.KernelSet;

import uk.ac.manchester.tornado.api.GridScheduler;
import uk.ac.manchester.tornado.api.ImmutableTaskGraph;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.TaskGraph;
import uk.ac.manchester.tornado.api.TornadoExecutionPlan;
import uk.ac.manchester.tornado.api.WorkerGrid;
import uk.ac.manchester.tornado.api.WorkerGrid1D;
import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.api.enums.DataTransferMode;
import uk.ac.manchester.tornado.api.memory.DeviceBufferState;
import uk.ac.manchester.tornado.api.memory.XPUBuffer;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Steps as task graphs of as many tasks as TornadoVM allows, each a plan of its own and, on the
 * CUDA backend, a CUDA graph. All that tasks read and write is on the device already, their sizes
 * too: a replay moves nothing.
 */
final class GraphRecording implements Executor.Recording {
    /** TornadoVM's graphs hold 256 tasks. */
    private static final int MOST_TASKS = 240;

    /** They are described in 8192 bytes, of which the last tasks take some. */
    private static final int MOST_BYTES = 7800;

    /** And hold 1024 nodes; a step adds fewer than 100. */
    private static final int MOST_NODES = 900;

    /** An object's own, its transfer and its end. */
    private static final int OBJECT_NODES = 3;

    private static final int TASK_BYTES = 24;
    private static final int ARGUMENT_BYTES = 5;
    private static final int PRODUCT_ARGUMENTS = 3;

    /** Four arrays and seven numbers. */
    private static final int ATTENTION_ARGUMENTS = 11;

    private static final AtomicInteger COUNT = new AtomicInteger();

    private final PlanExecutor executor;
    private final DeviceStates states;
    private final List<Plan> plans = new ArrayList<>();

    private record Plan(
            TornadoExecutionPlan plan,
            List<DeviceBufferState> bound,
            CompiledCode.Loan loan,
            List<Object> constants) {}

    GraphRecording(
            PlanExecutor executor,
            TornadoDevice device,
            DeviceStates states,
            CompiledCode code,
            Optional<SdkFeatures> features,
            List<Executor.Step> steps) {
        this.executor = executor;
        this.states = states;
        boolean cudaGraph = features.isPresent() && TornadoDevices.isCuda(device);
        List<Executor.Step> live = steps.stream().filter(GraphRecording::doesWork).toList();
        int from = 0;
        while (from < live.size()) {
            Builder builder = new Builder(features);
            int size = 0;
            int end = from;
            while (end < live.size()
                    && end - from < MOST_TASKS
                    && size < MOST_BYTES
                    && builder.nodes < MOST_NODES) {
                size += bytes(live.get(end));
                builder.add(live.get(end));
                end++;
            }
            builder.end();
            plans.add(builder.build(device, code, cudaGraph));
            from = end;
        }
    }

    /** What a task takes of the room that TornadoVM has for the description of a graph. */
    private static int bytes(Executor.Step step) {
        int arguments =
                switch (step) {
                    case Executor.Launch launch -> launch.kernel().arguments() + 1;
                    case MatrixProduct product -> PRODUCT_ARGUMENTS;
                    case CausalAttention attention -> ATTENTION_ARGUMENTS;
                };
        return TASK_BYTES + ARGUMENT_BYTES * arguments;
    }

    private static boolean doesWork(Executor.Step step) {
        return !(step instanceof Executor.Launch launch) || launch.items() > 0;
    }

    /** Collects the tasks of one plan. */
    private final class Builder {
        private final String name = "recording" + COUNT.incrementAndGet();
        private final TaskGraph graph = new TaskGraph(name);
        private final GridScheduler grids = new GridScheduler();
        private final Optional<SdkFeatures> features;
        private final Map<String, KernelCode> kernels = new HashMap<>();
        private final IdentityHashMap<Object, List<Object>> standIns = new IdentityHashMap<>();
        private final Map<List<Integer>, Object> sizes = new HashMap<>();
        private final Map<List<Float>, Object> scalars = new HashMap<>();
        private final List<Object> constants = new ArrayList<>();
        private final List<Runnable> tasks = new ArrayList<>();

        /** One for all tasks: it is an object to TornadoVM, whose nodes count. */
        private final KernelContext context = new KernelContext();

        /** At most: whatever a task reads counts as written, which takes a node each time. */
        private int nodes = OBJECT_NODES;

        Builder(Optional<SdkFeatures> features) {
            this.features = features;
        }

        void add(Executor.Step step) {
            String task = "t" + tasks.size();
            switch (step) {
                case Executor.Launch launch -> add(task, launch);
                case MatrixProduct product -> add(task, product);
                case CausalAttention attention -> add(task, attention);
            }
        }

        private void add(String task, Executor.Launch launch) {
            KernelCode kernel = launch.kernel();
            Object[] arguments = new Object[kernel.arguments()];
            int tensors = kernel.types().size();
            nodes += 2 + arguments.length;
            for (int i = 0; i < tensors; i++) {
                Class<?> type = kernel.types().get(i);
                Object memory = launch.buffers()[i].memory();
                int before = 0;
                for (int j = 0; j < i; j++) {
                    boolean same =
                            isSame(launch.buffers()[j].memory(), memory)
                                    && kernel.types().get(j) == type;
                    before += same ? 1 : 0;
                }
                arguments[i] = standIn(memory, before, type);
            }
            arguments[tensors] =
                    sizes.computeIfAbsent(
                            Arrays.stream(launch.sizes()).boxed().toList(),
                            k -> constant(DType.I32, MemorySegment.ofArray(launch.sizes())));
            if (kernel.scalars()) {
                List<Float> values = new ArrayList<>();
                for (float s : launch.scalars()) {
                    values.add(s);
                }
                arguments[tensors + 1] =
                        scalars.computeIfAbsent(
                                values,
                                k -> constant(DType.F32, MemorySegment.ofArray(launch.scalars())));
            }
            tasks.add(() -> kernel.task().add(graph, task, context, arguments));
            WorkerGrid grid = new WorkerGrid1D(launch.items());
            grid.setGlobalWork(launch.items(), 1, 1);
            grid.setLocalWork(launch.groupSize(), 1, 1);
            grids.addWorkerGrid(name + "." + task, grid);
            kernels.put(name + "." + task, kernel);
        }

        private void add(String task, MatrixProduct product) {
            Object out = standIn(product.out());
            Object left = standIn(product.left());
            Object right = standIn(product.right());
            nodes += 1 + PRODUCT_ARGUMENTS;
            tasks.add(
                    () ->
                            features.orElseThrow()
                                    .addProduct(graph, task, () -> product, out, left, right));
        }

        private void add(String task, CausalAttention attention) {
            Object out = standIn(attention.out(), DType.F16);
            Object queries = standIn(attention.queries(), DType.F16);
            Object keys = standIn(attention.keys(), DType.F16);
            Object values = standIn(attention.values(), DType.F16);
            nodes += 1 + ATTENTION_ARGUMENTS;
            tasks.add(
                    () ->
                            features.orElseThrow()
                                    .addAttention(
                                            graph, task, attention, out, queries, keys, values));
        }

        /**
         * TornadoVM compiles the last task of a graph always, code at hand or not: it is one that
         * is compiled fast.
         */
        void end() {
            Object memory = executor.allocate(DType.I32, 1);
            constants.add(memory);
            TornadoBuffer buffer = new TornadoBuffer(executor, memory, DType.I32.bytes());
            TornadoBuffer[] buffers = {buffer};
            add(
                    "end",
                    new Executor.Launch(
                            KernelSet.ZERO, 1, 1, buffers, new int[] {1, 0}, new float[0]));
        }

        private Object standIn(MatrixProduct.Operand operand) {
            return standIn(operand.buffer(), operand.dtype());
        }

        private Object standIn(TornadoBuffer buffer, DType dtype) {
            return standIn(buffer.memory(), 0, PlanExecutor.arrayType(dtype, features));
        }

        /**
         * What stands for memory in a task. A task that is given the same object twice would wait
         * for itself: each time it gets another. Kernels may differ in the type that they give to
         * the same memory.
         */
        private Object standIn(Object memory, int before, Class<?> type) {
            List<Object> all = standIns.computeIfAbsent(memory, m -> new ArrayList<>());
            int alike = 0;
            for (Object p : all) {
                if (type.isInstance(p) && alike++ == before) {
                    return p;
                }
            }
            nodes += OBJECT_NODES;
            Object fresh = PlanExecutor.standIn(type);
            all.add(fresh);
            return fresh;
        }

        @SuppressWarnings("ReferenceEquality")
        private static boolean isSame(Object a, Object b) {
            return a == b;
        }

        /** Memory with content that stays, and what stands for it. */
        private Object constant(DType dtype, MemorySegment content) {
            long elements = Math.max(1, content.byteSize() / dtype.bytes());
            Object memory = executor.allocate(dtype, elements);
            constants.add(memory);
            if (content.byteSize() > 0) {
                long bytes = elements * dtype.bytes();
                executor.write(new TornadoBuffer(executor, memory, bytes), 0, content);
            }
            return standIn(memory, 0, PlanExecutor.arrayType(dtype, features));
        }

        Plan build(TornadoDevice device, CompiledCode code, boolean cudaGraph) {
            List<Object> memory = new ArrayList<>();
            List<Object> arguments = new ArrayList<>();
            standIns.forEach(
                    (m, all) ->
                            all.forEach(
                                    a -> {
                                        memory.add(m);
                                        arguments.add(a);
                                    }));
            graph.transferToDevice(DataTransferMode.FIRST_EXECUTION, arguments.toArray());
            tasks.forEach(Runnable::run);
            ImmutableTaskGraph compiled = graph.snapshot();
            TornadoExecutionPlan plan = new TornadoExecutionPlan(compiled);
            plan.withDevice(device).withGridScheduler(grids);
            List<DeviceBufferState> bound = states.of(compiled, arguments);
            for (int i = 0; i < bound.size(); i++) {
                states.bind(bound.get(i), (XPUBuffer) memory.get(i));
            }
            if (cudaGraph) {
                features.orElseThrow().replayAsCudaGraph(plan);
            }
            return new Plan(plan, bound, code.lend(plan.getId(), kernels), constants);
        }
    }

    @Override
    public void replay() {
        plans.forEach(p -> PlanExecutor.execute(p.plan, "a recording"));
    }

    @Override
    public void close() {
        for (Plan p : plans) {
            p.loan.end();
            PlanExecutor.close(p.plan, states, p.bound);
            p.constants.forEach(executor::free);
        }
        plans.clear();
    }
}
