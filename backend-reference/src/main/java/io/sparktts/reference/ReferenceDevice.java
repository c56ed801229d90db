package io.sparktts.reference;

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
import java.util.List;
import java.util.OptionalDouble;

/** Host memory and the oracle's kernels. */
final class ReferenceDevice extends HostDevice {
    /** The only variant of every operation. */
    static final String ORACLE = "oracle";

    private final DeviceInfo info;
    private final List<ReferenceKernels> kernels = new ArrayList<>();

    ReferenceDevice(DeviceInfo info) {
        this.info = info;
    }

    @Override
    public DeviceInfo info() {
        return info;
    }

    @Override
    public Weight prepare(WeightRole role, DType dtype, List<HostTensor> parts) {
        return new ReferenceWeight(this, role, dtype, parts);
    }

    @Override
    public KvCache kvCache(DType dtype, int layers, int slots, AttentionShape shape, int capacity) {
        return new ReferenceCache(this, dtype, layers, slots, shape, capacity);
    }

    @Override
    public List<String> variants(Op op) {
        return List.of(ORACLE);
    }

    @Override
    public Support supports(Op op, DType dtype, String variant) {
        return dtype.isFloat()
                ? Support.YES
                : Support.no("reference computes in floating point only");
    }

    @Override
    public Kernels kernels(Queue queue, Variants variants) {
        for (Op op : Op.values()) {
            variants.choose(op, variants(op));
        }
        ReferenceKernels k = new ReferenceKernels(this);
        kernels.add(k);
        return k;
    }

    @Override
    public OptionalDouble measureLimit(LimitKind kind, DType dtype, Duration budget) {
        return OptionalDouble.empty();
    }

    @Override
    public void close() {
        kernels.forEach(ReferenceKernels::close);
        kernels.clear();
    }
}
