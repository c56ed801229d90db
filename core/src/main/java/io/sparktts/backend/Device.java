package io.sparktts.backend;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.List;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.function.Consumer;

/**
 * Memory, queues and kernels of one device. Used by one thread at a time. Between {@link #record}'s
 * eager run and its end, allocation, host copies and synchronising throw.
 */
public interface Device extends AutoCloseable {
    /** What was opened. */
    DeviceInfo info();

    /**
     * Whether work runs beside the host, so that a recording saves launches and device time is not
     * wall time.
     */
    default boolean asynchronous() {
        return false;
    }

    /** Clock of the compute units now; empty where nobody knows. */
    default OptionalInt clockMegahertz() {
        return OptionalInt.empty();
    }

    /**
     * Device memory for a tensor, uninitialised.
     *
     * @throws BackendException when out of memory, naming sizes
     */
    Tensor allocate(DType dtype, long... shape);

    /** Copies {@code source} (the tensor's bytes, little-endian) to the device; done on return. */
    void write(Tensor target, MemorySegment source);

    /** Waits for the device's work and copies a tensor to {@code target}. */
    void read(Tensor source, MemorySegment target);

    /**
     * A tensor with the content of {@code source}, converted to {@code dtype} with one rounding.
     */
    default Tensor upload(HostTensor source, DType dtype) {
        Tensor t = allocate(dtype, source.shape());
        try (Arena arena = Arena.ofConfined()) {
            HostTensor content = source;
            if (source.dtype() != dtype) {
                content = HostTensor.allocate(arena, dtype, source.shape());
                source.copyTo(0, content, 0, source.elements());
            }
            write(t, content.data());
            return t;
        } catch (RuntimeException | Error e) {
            t.close();
            throw e;
        }
    }

    /** A copy of a tensor in {@code arena}'s memory. */
    default HostTensor download(Tensor source, Arena arena) {
        HostTensor host = HostTensor.allocate(arena, source.dtype(), source.shape());
        read(source, host.data());
        return host;
    }

    /**
     * Brings a weight into the device's own layout. The parts may be freed afterwards.
     *
     * @param role what it is for: 3 parts (q, k, v) for {@code QKV}, 2 (gate, up) for {@code
     *     GATE_UP}, else 1
     * @param dtype what to keep it in; other dtypes are rounded once
     * @param parts matrices {@code [out, in]} with equal {@code in}
     */
    Weight prepare(WeightRole role, DType dtype, List<HostTensor> parts);

    /** A cache for {@code slots} sequences of up to {@code capacity} positions. */
    KvCache kvCache(DType dtype, int layers, int slots, AttentionShape shape, int capacity);

    /** A new queue. */
    Queue newQueue();

    /** Named variants of an operation, the default first. */
    List<String> variants(Op op);

    /** Whether an operation's variant runs in a dtype. */
    Support supports(Op op, DType dtype, String variant);

    /**
     * Kernels that queue their work on {@code queue}; scratch memory is theirs and is freed with
     * the device.
     */
    Kernels kernels(Queue queue, Variants variants);

    /**
     * Runs {@code body} once eagerly (modules load, scratch is sized), then records it. Java
     * arguments of the calls are constants of the recording; all that changes between replays lives
     * in device tensors.
     */
    Program record(Queue queue, Variants variants, Consumer<Kernels> body);

    /**
     * Measures a limit of this machine with the backend's own kernels, on buffers of at least four
     * times the last-level cache.
     *
     * @param budget about how long to measure
     * @return bytes or floating-point operations per second; empty where the backend has no such
     *     probe
     */
    OptionalDouble measureLimit(LimitKind kind, DType dtype, Duration budget);

    @Override
    void close();
}
