package io.sparktts.jcuda;

import io.sparktts.backend.AttentionShape;
import io.sparktts.backend.CacheShape;
import io.sparktts.backend.DType;
import io.sparktts.backend.HostTensor;
import io.sparktts.backend.KvCache;

import jcuda.driver.JCudaDriver;

import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;

/** Keys, and apart from them values: {@code [layers][slots][kvHeads][capacity][headDim]}. */
final class CudaKvCache implements KvCache {
    private final CudaContext context;
    private final CacheShape shape;
    private final CudaBuffer keys;
    private final CudaBuffer values;

    CudaKvCache(
            CudaContext context,
            DType dtype,
            int layers,
            int slots,
            AttentionShape heads,
            int capacity) {
        this.context = context;
        this.shape = new CacheShape(dtype, layers, slots, heads, capacity);
        keys = new CudaBuffer(context, layers * layerBytes());
        try {
            values = new CudaBuffer(context, layers * layerBytes());
        } catch (RuntimeException e) {
            keys.close();
            throw e;
        }
    }

    private long layerBytes() {
        return (long) slots() * kvHeads() * capacity() * headDim() * dtype().bytes();
    }

    /** Address of a layer's keys {@code [slots][kvHeads][capacity][headDim]}. */
    long keys(int layer) {
        return keys.address() + layer * layerBytes();
    }

    /** Like {@link #keys}. */
    long values(int layer) {
        return values.address() + layer * layerBytes();
    }

    @Override
    public CacheShape shape() {
        return shape;
    }

    @Override
    public void fill(double value) {
        context.bind();
        context.finish();
        try (Arena arena = Arena.ofConfined()) {
            HostTensor one = HostTensor.of(arena, dtype(), new double[] {value}, 1);
            for (CudaBuffer b : new CudaBuffer[] {keys, values}) {
                long n = b.byteSize() / dtype().bytes();
                Cuda.check(
                        dtype().bytes() == 2
                                ? JCudaDriver.cuMemsetD16(
                                        b.pointer(0), one.data().get(ValueLayout.JAVA_SHORT, 0), n)
                                : JCudaDriver.cuMemsetD32(
                                        b.pointer(0), one.data().get(ValueLayout.JAVA_INT, 0), n),
                        "fill a cache");
            }
        }
        context.finish();
    }

    @Override
    public void close() {
        keys.close();
        values.close();
    }
}
