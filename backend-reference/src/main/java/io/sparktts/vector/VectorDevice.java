package io.sparktts.vector;

import io.sparktts.backend.AttentionShape;
import io.sparktts.backend.DType;
import io.sparktts.backend.DeviceInfo;
import io.sparktts.backend.HostTensor;
import io.sparktts.backend.Kernels;
import io.sparktts.backend.KvCache;
import io.sparktts.backend.LimitKind;
import io.sparktts.backend.Op;
import io.sparktts.backend.Queue;
import io.sparktts.backend.Support;
import io.sparktts.backend.Variants;
import io.sparktts.backend.Weight;
import io.sparktts.backend.WeightRole;
import io.sparktts.host.HostDevice;

import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.OptionalDouble;
import java.util.Set;

/** The processor, all of its cores. */
final class VectorDevice extends HostDevice {
    private static final Set<Op> WITH_NAIVE =
            EnumSet.of(
                    Op.RMS_NORM,
                    Op.ADD_RMS_NORM,
                    Op.ATTENTION,
                    Op.SILU_MUL,
                    Op.SWI_GLU,
                    Op.MLP,
                    Op.SOFTMAX,
                    Op.SAMPLING_PROBABILITIES,
                    Op.SAMPLE);

    private final DeviceInfo info;
    private final WorkerPool pool;
    private final LimitProbe probe;
    private final List<VectorKernels> kernels = new ArrayList<>();

    VectorDevice(DeviceInfo info) {
        this.info = info;
        this.pool = new WorkerPool(Runtime.getRuntime().availableProcessors());
        this.probe = new LimitProbe(pool);
    }

    @Override
    public DeviceInfo info() {
        return info;
    }

    @Override
    public Weight prepare(WeightRole role, DType dtype, List<HostTensor> parts) {
        return PanelWeight.pack(pool, role, dtype, parts);
    }

    @Override
    public KvCache kvCache(DType dtype, int layers, int slots, AttentionShape shape, int capacity) {
        return new VectorKvCache(dtype, layers, slots, shape, capacity);
    }

    @Override
    public List<String> variants(Op op) {
        return WITH_NAIVE.contains(op) ? List.of("fused", Variants.NAIVE) : List.of("fused");
    }

    @Override
    public Support supports(Op op, DType dtype, String variant) {
        if (!variants(op).contains(variant)) {
            return Support.no(op.id() + " has no variant " + variant);
        }
        return dtype == DType.F64 || dtype == DType.I32
                ? Support.no(
                        "the vector backend computes in float32; use --backend reference for "
                                + dtype.id())
                : Support.YES;
    }

    @Override
    public Kernels kernels(Queue queue, Variants variants) {
        VectorKernels k = new VectorKernels(this, pool, variants);
        kernels.add(k);
        return k;
    }

    @Override
    public OptionalDouble measureLimit(LimitKind kind, DType dtype, Duration budget) {
        return dtype == DType.F32
                ? OptionalDouble.of(probe.measure(kind, info.lastLevelCacheBytes(), budget))
                : OptionalDouble.empty();
    }

    @Override
    public void close() {
        kernels.forEach(VectorKernels::close);
        kernels.clear();
        probe.close();
        pool.close();
    }
}
