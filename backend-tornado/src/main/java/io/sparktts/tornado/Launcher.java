package io.sparktts.tornado;

import io.sparktts.backend.BackendException;
import io.sparktts.backend.DType;
import io.sparktts.backend.Tensor;
import io.sparktts.tornado.f32.QuadKernels;
import io.sparktts.tornado.f32.VectorKernels;
import io.sparktts.tornado.kernel.KernelCode;
import io.sparktts.tornado.kernel.KernelSet;
import io.sparktts.tornado.kernel.KernelSet.QuadSet;
import io.sparktts.tornado.kernel.KernelSet.VectorSet;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Launches kernels over tensors: their buffers, and their offsets after the other sizes. */
final class Launcher {
    static final KernelSet F32 =
            io.sparktts.tornado.f32.KernelTable.set(QuadKernels.set(), VectorKernels.set());
    static final KernelSet F16 =
            io.sparktts.tornado.f16.KernelTable.set(
                    io.sparktts.tornado.f16.QuadKernels.set(), null);
    static final float[] NO_SCALARS = {};

    /** Elements of a vector. */
    static final int LANES = 8;

    /** Work-items of a group where each makes one element, or one row on a GPU. */
    static final int GROUP = 64;

    /** Work-items that share a row on a GPU. */
    static final int ROW_LANES = 128;

    /** Vectors that a work-item makes where each is little work. */
    static final int ITEM_VECTORS = 256;

    /** Keys whose scores attention holds at a time. */
    static final int ATTENTION_BLOCK = 32;

    private final boolean processor;
    private final Executor executor;
    private final QuadSet halfQuads;
    private @Nullable List<Executor.Step> captured;

    /**
     * @param processor whether a work-item is a loop of a core rather than a lane
     * @param halfQuads the kernels of quads of float16
     */
    Launcher(boolean processor, Executor executor, QuadSet halfQuads) {
        this.processor = processor;
        this.executor = executor;
        this.halfQuads = halfQuads;
    }

    boolean processor() {
        return processor;
    }

    /** What {@code body} would run. */
    List<Executor.Step> capture(Runnable body) {
        List<Executor.Step> steps = new ArrayList<>();
        captured = steps;
        try {
            body.run();
        } finally {
            captured = null;
        }
        return List.copyOf(steps);
    }

    static KernelSet set(DType dtype) {
        return switch (dtype) {
            case F32 -> F32;
            case F16 -> F16;
            case BF16 -> Bfloat16.SET;
            case F64, I32 ->
                    throw new BackendException(
                            "the tornado backend has no kernels for " + dtype.id());
        };
    }

    /** Found when first asked for: not every build has it. */
    private static final class Bfloat16 {
        static final KernelSet SET = SdkFeatures.find().orElseThrow().bf16();
    }

    /** The kernels of eight neighbours, where they pay and all widths and offsets allow them. */
    @Nullable VectorSet vectors(int columns, Tensor... tensors) {
        boolean fits = processor && columns % LANES == 0;
        for (Tensor t : tensors) {
            fits &= t.dtype() == DType.F32 && t.offset() % LANES == 0;
        }
        return fits ? F32.vector() : null;
    }

    /** Elements that a lane takes at once, where widths and offsets allow it. */
    static final int QUAD = 4;

    /** The kernels of quads, where all widths and offsets allow them. */
    @Nullable QuadSet quads(DType dtype, int columns, Tensor... tensors) {
        boolean fits = !processor && columns % QUAD == 0;
        for (Tensor t : tensors) {
            fits &= t.offset() % QUAD == 0;
        }
        return fits ? quads(dtype) : null;
    }

    private QuadSet quads(DType dtype) {
        return dtype == DType.F16 ? halfQuads : set(dtype).quad();
    }

    /** The same for elements shorter than float32, which single loads suffice for. */
    @Nullable QuadSet shortQuads(DType dtype, int columns, Tensor... tensors) {
        return dtype == DType.F32 ? null : quads(dtype, columns, tensors);
    }

    /** Launches work-items that are rows or tiles. */
    void rows(KernelCode kernel, long items, int[] sizes, float[] scalars, Tensor... tensors) {
        launch(kernel, items, rowGroup(), sizes, scalars, List.of(tensors));
    }

    /**
     * Launches a kernel whose cache tensors stand after {@code before} others and have no offset
     * among the sizes.
     *
     * @param group work-items of a group
     */
    void cached(
            KernelCode kernel,
            long items,
            int group,
            int[] sizes,
            List<Tensor> cached,
            List<Tensor> others,
            int before) {
        List<Tensor> all = new ArrayList<>(others);
        all.addAll(before, cached);
        submit(kernel, items, group, all, withOffsets(sizes, others), NO_SCALARS);
    }

    /** Work-items of a group where each makes a row. */
    int rowGroup() {
        return processor ? 1 : GROUP;
    }

    /** Launches work-groups that are rows. */
    void groups(
            KernelCode kernel,
            long count,
            int lanes,
            int[] sizes,
            float[] scalars,
            Tensor... tensors) {
        launch(kernel, count * lanes, lanes, sizes, scalars, List.of(tensors));
    }

    /** Rows from which lanes that share one are few: other rows keep the device busy. */
    private static final int MANY_ROWS = 512;

    /** Elements of a dot product from which all lanes of a group share it. */
    private static final int LONG_DOT = 2048;

    /** Lanes that share a row of many: those that run in step. */
    static final int WARP = 32;

    /** Launches rows of whole quads: rows, quads and lanes of a row are the sizes. */
    void quadRows(KernelCode kernel, int rows, int n, float[] scalars, Tensor... tensors) {
        int lanes = rows < MANY_ROWS ? ROW_LANES : WARP;
        int[] sizes = {rows, n / QUAD, lanes};
        launch(kernel, (long) rows * lanes, ROW_LANES, sizes, scalars, List.of(tensors));
    }

    /**
     * Launches dot products of whole quads, whose lanes are the last of the sizes.
     *
     * @param n elements of one
     */
    void quadDots(KernelCode kernel, long count, int n, int[] sizes, Tensor... tensors) {
        int lanes = n < LONG_DOT ? WARP : ROW_LANES;
        int[] all = Arrays.copyOf(sizes, sizes.length + 1);
        all[sizes.length] = lanes;
        launch(kernel, count * lanes, ROW_LANES, all, NO_SCALARS, List.of(tensors));
    }

    /** Launches work-items that are elements. */
    void elements(KernelCode kernel, long items, int[] sizes, Tensor... tensors) {
        launch(kernel, items, GROUP, sizes, NO_SCALARS, List.of(tensors));
    }

    private void launch(
            KernelCode kernel,
            long items,
            int group,
            int[] sizes,
            float[] scalars,
            List<Tensor> tensors) {
        submit(kernel, items, group, tensors, withOffsets(sizes, tensors), scalars);
    }

    private static int[] withOffsets(int[] sizes, List<Tensor> tensors) {
        int[] all = Arrays.copyOf(sizes, sizes.length + tensors.size());
        for (int i = 0; i < tensors.size(); i++) {
            all[sizes.length + i] = Math.toIntExact(tensors.get(i).offset());
        }
        return all;
    }

    private void submit(
            KernelCode kernel,
            long items,
            int group,
            List<Tensor> tensors,
            int[] sizes,
            float[] scalars) {
        run(
                new Executor.Launch(
                        kernel,
                        Math.toIntExact((items + group - 1) / group * group),
                        group,
                        tensors.stream()
                                .map(t -> (TornadoBuffer) t.buffer())
                                .toArray(TornadoBuffer[]::new),
                        sizes,
                        scalars));
    }

    /** Runs a step, or keeps it. */
    void run(Executor.Step step) {
        if (captured != null) {
            captured.add(step);
        } else {
            executor.run(step);
        }
    }

    static int[] sizes(int... values) {
        return values;
    }

    static float[] scalars(double... values) {
        float[] f = new float[values.length];
        for (int i = 0; i < f.length; i++) {
            f[i] = (float) values[i];
        }
        return f;
    }
}
