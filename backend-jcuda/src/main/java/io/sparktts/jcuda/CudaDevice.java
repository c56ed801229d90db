package io.sparktts.jcuda;

import io.sparktts.backend.AttentionShape;
import io.sparktts.backend.BackendException;
import io.sparktts.backend.DType;
import io.sparktts.backend.Device;
import io.sparktts.backend.DeviceInfo;
import io.sparktts.backend.Event;
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

import jcuda.driver.JCudaDriver;

import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.function.Consumer;

/** One NVIDIA GPU. */
final class CudaDevice implements Device {
    private final DeviceInfo info;
    private final CudaContext context;
    private final CudaOperations operations;
    private final GpuClock clock;
    private final Map<CudaQueue, CudaScratch> scratch = new HashMap<>();
    private final List<CudaQueue> queues = new ArrayList<>();
    private boolean recording;

    CudaDevice(DeviceInfo info, int ordinal) {
        this.info = info;
        this.context = new CudaContext(ordinal);
        try {
            this.operations = new CudaOperations(context);
            this.clock = GpuClock.of(context);
        } catch (RuntimeException | Error e) {
            context.close();
            throw e;
        }
    }

    void forbidWhileRecording(String what) {
        if (recording) {
            throw new BackendException(what + " is not allowed while a program is recorded");
        }
    }

    CudaContext context() {
        return context;
    }

    @Override
    public DeviceInfo info() {
        return info;
    }

    @Override
    public boolean asynchronous() {
        return true;
    }

    @Override
    public OptionalInt clockMegahertz() {
        return clock.megahertz();
    }

    @Override
    public Tensor allocate(DType dtype, long... shape) {
        forbidWhileRecording("allocate");
        context.bind();
        return Tensor.owning(dtype, new CudaBuffer(context, dtype.bytesOf(shape)), shape);
    }

    @Override
    public void write(Tensor target, MemorySegment source) {
        forbidWhileRecording("write");
        finish();
        ((CudaBuffer) target.buffer()).write(start(target), source.asSlice(0, target.byteSize()));
    }

    @Override
    public void read(Tensor source, MemorySegment target) {
        forbidWhileRecording("read");
        finish();
        ((CudaBuffer) source.buffer()).read(start(source), target.asSlice(0, source.byteSize()));
    }

    private static long start(Tensor t) {
        return t.offset() * t.dtype().bytes();
    }

    private void finish() {
        context.bind();
        context.finish();
    }

    /** Fills a tensor with zero bits. */
    void zero(Tensor t) {
        context.bind();
        CudaBuffer buffer = (CudaBuffer) t.buffer();
        Cuda.check(
                JCudaDriver.cuMemsetD8(buffer.pointer(start(t)), (byte) 0, t.byteSize()),
                "zero GPU memory");
        finish();
    }

    @Override
    public Weight prepare(WeightRole role, DType dtype, List<HostTensor> parts) {
        forbidWhileRecording("prepare");
        context.bind();
        return CudaWeight.upload(context, role, dtype, parts);
    }

    @Override
    public KvCache kvCache(DType dtype, int layers, int slots, AttentionShape shape, int capacity) {
        forbidWhileRecording("allocate");
        context.bind();
        return new CudaKvCache(context, dtype, layers, slots, shape, capacity);
    }

    @Override
    public Queue newQueue() {
        context.bind();
        CudaQueue queue = new CudaQueue(this);
        queues.add(queue);
        return queue;
    }

    @Override
    public List<String> variants(Op op) {
        return CudaVariants.of(op);
    }

    @Override
    public Support supports(Op op, DType dtype, String variant) {
        return CudaVariants.supports(op, dtype, variant, operations.cublasLt().isPresent());
    }

    @Override
    public Kernels kernels(Queue queue, Variants variants) {
        context.bind();
        CudaQueue q = (CudaQueue) queue;
        return new CudaKernels(
                operations,
                q.stream(),
                scratch.computeIfAbsent(q, k -> new CudaScratch(this)),
                variants);
    }

    @Override
    public Program record(Queue queue, Variants variants, Consumer<Kernels> body) {
        forbidWhileRecording("record");
        Kernels kernels = kernels(queue, variants);
        body.accept(kernels);
        recording = true;
        try {
            return new CudaGraph(((CudaQueue) queue).stream(), () -> body.accept(kernels));
        } finally {
            recording = false;
        }
    }

    @Override
    public OptionalDouble measureLimit(LimitKind kind, DType dtype, Duration budget) {
        if (dtype == DType.F64 || dtype == DType.I32) {
            return OptionalDouble.empty();
        }
        LimitProbe probe = operations.limitProbe();
        long elements = Math.max(4L * context.cacheBytes(), 1L << 30) / dtype.bytes();
        try (CudaQueue queue = (CudaQueue) newQueue();
                Tensor a = allocate(dtype, elements);
                Tensor b = allocate(dtype, elements)) {
            zero(a);
            zero(b);
            probe.launch(queue.stream(), kind, dtype, a, b);
            queue.synchronize();
            double best = 0;
            long end = System.nanoTime() + budget.toNanos();
            do {
                Event before = queue.mark();
                probe.launch(queue.stream(), kind, dtype, a, b);
                long nanos = queue.mark().nanosSince(before);
                best = Math.max(best, probe.work(kind, dtype, a) * 1e9 / nanos);
            } while (System.nanoTime() < end);
            return OptionalDouble.of(best);
        }
    }

    /** A queue's scratch memory goes with it. */
    void closed(CudaQueue queue) {
        queues.remove(queue);
        CudaScratch s = scratch.remove(queue);
        if (s != null) {
            s.close();
        }
    }

    @Override
    public void close() {
        context.bind();
        finish();
        List.copyOf(queues).forEach(CudaQueue::close);
        operations.close();
        clock.close();
        context.close();
    }
}
