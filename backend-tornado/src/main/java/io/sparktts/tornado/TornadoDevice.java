package io.sparktts.tornado;

import io.sparktts.backend.AttentionShape;
import io.sparktts.backend.BackendException;
import io.sparktts.backend.DType;
import io.sparktts.backend.Device;
import io.sparktts.backend.DeviceInfo;
import io.sparktts.backend.HostTensor;
import io.sparktts.backend.Kernels;
import io.sparktts.backend.KvCache;
import io.sparktts.backend.LimitKind;
import io.sparktts.backend.Op;
import io.sparktts.backend.Program;
import io.sparktts.backend.Queue;
import io.sparktts.backend.Support;
import io.sparktts.backend.Tensor;
import io.sparktts.backend.Variants;
import io.sparktts.backend.Weight;
import io.sparktts.backend.WeightRole;
import io.sparktts.tornado.kernel.KernelSet.QuadSet;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.function.Consumer;

/** Memory and kernels of one {@link Executor}. */
final class TornadoDevice implements Device {
    /** The best that there is. */
    static final String FUSED = "fused";

    /** Matrix products by the project's own kernels alone. */
    static final String OWN = "own";

    /** All matrix products by cuBLAS. */
    static final String CUBLAS = "cublas";

    /** The attention of a prompt of one sequence by cuDNN, any other as in {@link #FUSED}. */
    static final String CUDNN = "cudnn";

    private final DeviceInfo info;
    private final Traits traits;
    private final Executor executor;
    private final LimitProbe probe;
    private final List<TornadoKernels> kernels = new ArrayList<>();
    private boolean recording;

    /**
     * What decides which kernels run.
     *
     * @param processor whether a work-item is a loop of a core rather than a lane
     * @param half whether the device computes with float16
     * @param bfloat16 whether it does with bfloat16
     * @param products whether a library makes matrix products
     * @param attention whether a library makes attention in float16
     * @param halfQuads the kernels of quads of float16
     */
    record Traits(
            boolean processor,
            Support half,
            Support bfloat16,
            boolean products,
            boolean attention,
            QuadSet halfQuads) {
        Traits asGpu() {
            return new Traits(false, half, bfloat16, products, attention, halfQuads);
        }
    }

    TornadoDevice(DeviceInfo info, Traits traits, Executor executor) {
        this.info = info;
        this.traits = traits;
        this.executor = executor;
        this.probe = new LimitProbe(this, executor);
    }

    /** For tests: the same device, given the kernels of GPUs. */
    TornadoDevice asGpu() {
        return new TornadoDevice(info, traits.asGpu(), executor);
    }

    Traits traits() {
        return traits;
    }

    @Override
    public DeviceInfo info() {
        return info;
    }

    void forbidWhileRecording(String what) {
        if (recording) {
            throw new BackendException(what + " is not allowed while a program is recorded");
        }
    }

    @Override
    public Tensor allocate(DType dtype, long... shape) {
        forbidWhileRecording("allocate");
        long bytes = dtype.bytesOf(shape);
        long elements = bytes / dtype.bytes();
        if (elements > Integer.MAX_VALUE) {
            throw new BackendException(
                    "TornadoVM's arrays hold " + Integer.MAX_VALUE + " elements, not " + elements);
        }
        Object memory = executor.allocate(dtype, elements);
        return Tensor.owning(dtype, new TornadoBuffer(executor, memory, bytes), shape);
    }

    @Override
    public void write(Tensor target, MemorySegment source) {
        forbidWhileRecording("write");
        long offset = target.offset() * target.dtype().bytes();
        executor.write((TornadoBuffer) target.buffer(), offset, source);
    }

    @Override
    public void read(Tensor source, MemorySegment target) {
        forbidWhileRecording("read");
        long offset = source.offset() * source.dtype().bytes();
        executor.read((TornadoBuffer) source.buffer(), offset, target);
    }

    @Override
    public Weight prepare(WeightRole role, DType dtype, List<HostTensor> parts) {
        long out = parts.stream().mapToLong(p -> p.dim(0)).sum();
        try (Arena arena = Arena.ofConfined()) {
            HostTensor all = HostTensor.allocate(arena, dtype, out, parts.getFirst().dim(1));
            long at = 0;
            for (HostTensor part : parts) {
                if (part.dtype() == dtype) {
                    all.data().asSlice(at * dtype.bytes()).copyFrom(part.data());
                } else {
                    for (long i = 0; i < part.elements(); i++) {
                        all.set(at + i, part.get(i));
                    }
                }
                at += part.elements();
            }
            return new TornadoWeight(role, upload(all, dtype));
        }
    }

    @Override
    public KvCache kvCache(DType dtype, int layers, int slots, AttentionShape shape, int capacity) {
        return new TornadoCache(this, dtype, layers, slots, shape, capacity);
    }

    @Override
    public Queue newQueue() {
        return new TornadoQueue(this);
    }

    @Override
    public List<String> variants(Op op) {
        if (!traits.products) {
            return List.of(FUSED);
        }
        return switch (op) {
            case LINEAR, SWI_GLU, MLP -> List.of(FUSED, OWN, CUBLAS);
            case ATTENTION ->
                    traits.attention
                            ? List.of(FUSED, OWN, CUBLAS, CUDNN)
                            : List.of(FUSED, OWN, CUBLAS);
            default -> List.of(FUSED);
        };
    }

    /** Recordings save a GPU's launches, as CUDA graphs do. */
    @Override
    public boolean asynchronous() {
        return !traits.processor;
    }

    @Override
    public Support supports(Op op, DType dtype, String variant) {
        if (!variants(op).contains(variant)) {
            return Support.no(op.id() + " has no variant " + variant);
        }
        if (variant.equals(CUDNN) && dtype != DType.F16) {
            return Support.no("TornadoVM's attention by cuDNN takes f16 alone");
        }
        return switch (dtype) {
            case F32 -> Support.YES;
            case F16 -> traits.half;
            case BF16 -> traits.bfloat16;
            case F64, I32 ->
                    Support.no(
                            "the tornado backend computes in float32; use --backend reference for "
                                    + dtype.id());
        };
    }

    @Override
    public Kernels kernels(Queue queue, Variants variants) {
        return newKernels(variants);
    }

    private TornadoKernels newKernels(Variants variants) {
        Map<Op, String> chosen = new EnumMap<>(Op.class);
        for (Op op : Op.values()) {
            chosen.put(op, variants.choose(op, variants(op)));
        }
        TornadoKernels k = new TornadoKernels(this, executor, chosen);
        kernels.add(k);
        return k;
    }

    /**
     * Keeps the steps of the second run: which kernel, which memory, which sizes; the executor
     * makes a whole of them.
     */
    @Override
    public Program record(Queue queue, Variants variants, Consumer<Kernels> body) {
        forbidWhileRecording("record");
        TornadoKernels k = newKernels(variants);
        body.accept(k);
        recording = true;
        List<Executor.Step> steps;
        try {
            steps = k.capture(body);
        } finally {
            recording = false;
        }
        Executor.Recording whole = executor.record(steps);
        return new Program() {
            @Override
            public void replay() {
                whole.replay();
            }

            @Override
            public void close() {
                whole.close();
                kernels.remove(k);
                k.close();
            }
        };
    }

    @Override
    public OptionalDouble measureLimit(LimitKind kind, DType dtype, Duration budget) {
        return probe.measure(kind, dtype, budget);
    }

    @Override
    public void close() {
        kernels.forEach(TornadoKernels::close);
        kernels.clear();
        probe.close();
        executor.close();
    }
}
