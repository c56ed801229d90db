package io.sparktts.model;

import io.sparktts.backend.ConvTranspose1d;
import io.sparktts.backend.DType;
import io.sparktts.backend.Device;
import io.sparktts.backend.HostTensor;
import io.sparktts.backend.Tensor;
import io.sparktts.backend.Weight;
import io.sparktts.backend.WeightRole;

import java.lang.foreign.Arena;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.function.BiFunction;

/**
 * Brings named tensors of a checkpoint to a device in one dtype, each source released once it is
 * there; owns what it brought.
 */
public final class WeightLoader implements AutoCloseable {
    private final Device device;
    private final WeightSource source;
    private final DType dtype;
    private final Deque<AutoCloseable> loaded = new ArrayDeque<>();

    /**
     * @param dtype what to compute in; other stored dtypes are rounded once
     */
    public WeightLoader(Device device, WeightSource source, DType dtype) {
        this.device = device;
        this.source = source;
        this.dtype = dtype;
    }

    /** Where it brings tensors. */
    public Device device() {
        return device;
    }

    /** What it brings them in. */
    public DType dtype() {
        return dtype;
    }

    /** Extents of a tensor of the checkpoint. */
    public long[] shape(String name) {
        try (Arena arena = Arena.ofShared()) {
            return source.tensor(name, arena).shape();
        }
    }

    /** All elements of a small tensor, for arithmetic on the host. */
    public double[] values(String name) {
        try (Arena arena = Arena.ofShared()) {
            return source.tensor(name, arena).toDoubles();
        }
    }

    /** A matrix of the named parts, each {@code [out, in]}. */
    public Weight weight(WeightRole role, String... names) {
        try (Arena arena = Arena.ofShared()) {
            List<HostTensor> parts = new ArrayList<>();
            for (String name : names) {
                parts.add(source.tensor(name, arena));
            }
            return keep(device.prepare(role, dtype, parts));
        }
    }

    /** A matrix made on the host from a tensor of the checkpoint. */
    public Weight weight(String name, BiFunction<HostTensor, Arena, HostTensor> made) {
        return weight(WeightRole.LINEAR, name, made);
    }

    /** As above, in a role that takes one part. */
    public Weight weight(
            WeightRole role, String name, BiFunction<HostTensor, Arena, HostTensor> made) {
        try (Arena arena = Arena.ofShared()) {
            HostTensor matrix = made.apply(source.tensor(name, arena), arena);
            return keep(device.prepare(role, dtype, List.of(matrix)));
        }
    }

    /** Matrices of equal width one below the other, as one. */
    public Weight stacked(List<String> names) {
        try (Arena arena = Arena.ofShared()) {
            List<HostTensor> parts = new ArrayList<>();
            long rows = 0;
            for (String name : names) {
                HostTensor part = source.tensor(name, arena);
                parts.add(part);
                rows += part.dim(0);
            }
            long columns = parts.getFirst().dim(1);
            HostTensor all = HostTensor.allocate(arena, DType.F32, rows, columns);
            join(parts, all);
            return keep(device.prepare(WeightRole.LINEAR, dtype, List.of(all)));
        }
    }

    /** A device tensor made on the host from one of the checkpoint. */
    public Tensor tensor(String name, BiFunction<HostTensor, Arena, HostTensor> made) {
        try (Arena arena = Arena.ofShared()) {
            return keep(device.upload(made.apply(source.tensor(name, arena), arena), dtype));
        }
    }

    /** {@code [out, in, kernel]} as {@link io.sparktts.backend.Kernels#conv1d} takes it. */
    public Weight convolution(String name) {
        return weight(name, ConvWeights::rows);
    }

    /**
     * {@code [in, out, kernel]} as {@link io.sparktts.backend.Kernels#convTranspose1d} takes it.
     */
    public Weight transposed(String name, ConvTranspose1d shape) {
        return weight(name, (w, arena) -> ConvWeights.transposed(w, shape, arena));
    }

    /** One device vector of all the named ones, joined. */
    public Tensor vector(String... names) {
        try (Arena arena = Arena.ofShared()) {
            List<HostTensor> parts = new ArrayList<>();
            long n = 0;
            for (String name : names) {
                HostTensor part = source.tensor(name, arena);
                parts.add(part);
                n += part.elements();
            }
            HostTensor joined = HostTensor.allocate(arena, dtype, n);
            join(parts, joined);
            return keep(device.upload(joined, dtype));
        }
    }

    private static void join(List<HostTensor> parts, HostTensor joined) {
        long at = 0;
        for (HostTensor part : parts) {
            part.copyTo(0, joined, at, part.elements());
            at += part.elements();
        }
    }

    /** A device vector of given values. */
    public Tensor vector(double[] values) {
        try (Arena arena = Arena.ofShared()) {
            return keep(device.upload(HostTensor.of(arena, dtype, values, values.length), dtype));
        }
    }

    /** Makes this loader the owner of {@code resource}. */
    public <T extends AutoCloseable> T keep(T resource) {
        loaded.push(resource);
        return resource;
    }

    /** Frees all that was brought. */
    @Override
    public void close() {
        while (!loaded.isEmpty()) {
            try {
                loaded.pop().close();
            } catch (RuntimeException e) {
                throw e;
            } catch (Exception e) {
                throw new IllegalStateException("freeing weights failed", e);
            }
        }
    }
}
