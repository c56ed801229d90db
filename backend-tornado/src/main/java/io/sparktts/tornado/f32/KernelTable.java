package io.sparktts.tornado.f32;

import io.sparktts.tornado.kernel.KernelCode;
import io.sparktts.tornado.kernel.KernelSet;
import io.sparktts.tornado.kernel.KernelSet.QuadSet;
import io.sparktts.tornado.kernel.KernelSet.VectorSet;

import org.jspecify.annotations.Nullable;

/** The kernels of this dtype. */
public final class KernelTable {
    private KernelTable() {}

    /**
     * All that are written for every dtype.
     *
     * @param quad those of this dtype, which may take its elements in other arrays
     */
    public static KernelSet set(QuadSet quad, @Nullable VectorSet vector) {
        Class<?> rows = RowKernels.class;
        Class<?> sequences = SequenceKernels.class;
        Class<?> matrices = MatrixKernels.class;
        Class<?> sampling = SamplingKernels.class;
        return new KernelSet(
                KernelCode.of(rows, "rmsNorm", RowKernels::rmsNorm),
                KernelCode.of(rows, "addRmsNorm", RowKernels::addRmsNorm),
                KernelCode.of(rows, "softmax", RowKernels::softmax),
                KernelCode.of(rows, "siluMul", RowKernels::siluMul),
                KernelCode.of(rows, "add", RowKernels::add),
                KernelCode.of(rows, "addBias", RowKernels::addBias),
                KernelCode.of(rows, "addBiasWide", RowKernels::addBiasWide),
                KernelCode.of(rows, "argmax", RowKernels::argmax),
                KernelCode.of(rows, "embedding", RowKernels::embedding),
                KernelCode.of(rows, "gatherRows", RowKernels::gatherRows),
                KernelCode.of(matrices, "linear", MatrixKernels::linear),
                KernelCode.of(matrices, "linearWide", MatrixKernels::linearWide),
                KernelCode.of(matrices, "swiGlu", MatrixKernels::swiGlu),
                KernelCode.of(sequences, "rotary", SequenceKernels::rotary),
                KernelCode.of(sequences, "cacheWrite", SequenceKernels::cacheWrite),
                KernelCode.of(sequences, "attention", SequenceKernels::attention),
                KernelCode.of(sampling, "probabilities", SamplingKernels::probabilities),
                KernelCode.of(sampling, "sample", SamplingKernels::sample),
                CodecKernels.set(),
                GroupKernels.set(),
                quad,
                vector);
    }
}
