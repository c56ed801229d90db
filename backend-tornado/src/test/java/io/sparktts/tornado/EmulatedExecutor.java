package io.sparktts.tornado;

import io.sparktts.backend.DType;
import io.sparktts.tornado.kernel.KernelCode;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.HalfFloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.LongArray;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Runs kernels as plain Java: work-items that share nothing one after the other in several threads,
 * those of a group as an {@link EmulatedGroup}.
 */
final class EmulatedExecutor implements Executor {
    @Override
    public Object allocate(DType dtype, long elements) {
        int n = Math.toIntExact(Math.max(1, elements));
        return switch (dtype) {
            case F32 -> new FloatArray(n);
            case F16 -> new HalfFloatArray(n);
            case I32 -> new IntArray(n);
            case BF16 -> SdkFeatures.find().orElseThrow().bf16Array(n);
            case F64 -> throw new IllegalArgumentException(dtype.id());
        };
    }

    @Override
    public void free(Object memory) {}

    private static MemorySegment live(TornadoBuffer buffer, long offset, long bytes) {
        return ((TornadoNativeArray) buffer.memory())
                .getSegmentWithHeader()
                .asSlice(TornadoNativeArray.ARRAY_HEADER + offset, bytes);
    }

    @Override
    public void write(TornadoBuffer target, long byteOffset, MemorySegment source) {
        live(target, byteOffset, source.byteSize()).copyFrom(source);
    }

    @Override
    public void read(TornadoBuffer source, long byteOffset, MemorySegment target) {
        target.copyFrom(live(source, byteOffset, target.byteSize()));
    }

    @Override
    public void run(Step step) {
        switch (step) {
            case Launch launch -> launch(launch);
            case MatrixProduct product -> EmulatedProduct.run(product);
            case CausalAttention attention -> EmulatedAttention.run(attention);
        }
    }

    private static void launch(Launch launch) {
        KernelCode kernel = launch.kernel();
        Object[] arguments = new Object[kernel.arguments()];
        List<View> views = new ArrayList<>();
        for (int i = 0; i < launch.buffers().length; i++) {
            Object memory = launch.buffers()[i].memory();
            if (kernel.types().get(i) == LongArray.class) {
                View view = View.of((TornadoNativeArray) memory);
                views.add(view);
                arguments[i] = view.words;
            } else {
                arguments[i] = memory;
            }
        }
        try {
            launch(launch, arguments);
        } finally {
            views.forEach(View::writeBack);
        }
    }

    /** Memory as words, in a copy: emulated arrays have one type each. */
    private record View(TornadoNativeArray memory, LongArray words, LongArray before) {
        static View of(TornadoNativeArray memory) {
            int n = (int) ((bytes(memory) + Long.BYTES - 1) / Long.BYTES);
            LongArray words = new LongArray(n);
            LongArray before = new LongArray(n);
            data(words, bytes(memory)).copyFrom(data(memory, bytes(memory)));
            data(before, bytes(memory)).copyFrom(data(memory, bytes(memory)));
            return new View(memory, words, before);
        }

        private static long bytes(TornadoNativeArray array) {
            return array.getSegmentWithHeader().byteSize() - TornadoNativeArray.ARRAY_HEADER;
        }

        private static MemorySegment data(TornadoNativeArray array, long bytes) {
            return array.getSegmentWithHeader().asSlice(TornadoNativeArray.ARRAY_HEADER, bytes);
        }

        /** Only what a kernel wrote: it may have seen the memory as two arrays. */
        void writeBack() {
            long bytes = bytes(memory);
            if (data(words, bytes).mismatch(data(before, bytes)) >= 0) {
                data(memory, bytes).copyFrom(data(words, bytes));
            }
        }
    }

    private static void launch(Launch launch, Object[] arguments) {
        KernelCode kernel = launch.kernel();
        arguments[launch.buffers().length] = IntArray.fromArray(launch.sizes());
        if (kernel.scalars()) {
            arguments[launch.buffers().length + 1] = FloatArray.fromArray(launch.scalars());
        }
        if (kernel.groups()) {
            int lanes = launch.groupSize();
            IntStream.range(0, launch.items() / lanes)
                    .parallel()
                    .forEach(
                            g ->
                                    EmulatedGroup.run(
                                            g, lanes, c -> kernel.direct().run(c, arguments)));
            return;
        }
        int chunk = Math.max(1, launch.items() / 16);
        IntStream.rangeClosed(0, launch.items() / chunk)
                .parallel()
                .forEach(c -> run(kernel, arguments, c * chunk, launch.items(), chunk));
    }

    private static void run(KernelCode kernel, Object[] arguments, int from, int items, int chunk) {
        KernelContext context = new KernelContext();
        for (int i = from; i < Math.min(items, from + chunk); i++) {
            EmulatedGroup.set(context, "globalIdx", i);
            kernel.direct().run(context, arguments);
        }
    }

    @Override
    public void close() {}
}
