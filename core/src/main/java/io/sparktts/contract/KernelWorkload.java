package io.sparktts.contract;

import io.sparktts.backend.AttentionShape;
import io.sparktts.backend.DType;
import io.sparktts.backend.Device;
import io.sparktts.backend.Kernels;
import io.sparktts.backend.Op;
import io.sparktts.backend.Sampling;

import java.util.function.Consumer;

/**
 * One operation at one shape, with random inputs and their truth: what benchmarks time is what
 * contract cases check.
 */
public final class KernelWorkload {
    /** Elements of the largest tensor that a workload prepares: its guards included, an int. */
    public static final int MOST_ELEMENTS = Integer.MAX_VALUE - GuardedTensor.MOST_GUARDS;

    private final Op op;
    private final String shape;
    private final long oracleOperations;
    private final Consumer<Fixture> setup;
    private final int misalign;

    /**
     * @param oracleOperations about what a check costs the oracle and a plain Java backend
     */
    KernelWorkload(Op op, String shape, long oracleOperations, Consumer<Fixture> setup) {
        this(op, shape, oracleOperations, setup, 0);
    }

    private KernelWorkload(
            Op op, String shape, long oracleOperations, Consumer<Fixture> setup, int misalign) {
        this.op = op;
        this.shape = shape;
        this.oracleOperations = oracleOperations;
        this.setup = setup;
        this.misalign = misalign;
    }

    /** A workload on a device. {@link #run()} allocates nothing. */
    public interface Instance extends AutoCloseable {
        /**
         * Brings inputs to their first state and poisons outputs; done once by {@link #prepare} and
         * {@link #check}.
         */
        void reset();

        /** Queues the operation once. In-place forms work on what the last run left. */
        void run();

        /** Queues the operation on other kernels, such as those of a recording. */
        void run(Kernels kernels);

        /**
         * Whether an in-place form moves its numbers further with each run, so that only a few
         * hundred runs after a {@link #reset} stay finite.
         */
        boolean accumulates();

        /** Waits, and compares with the truth what the first run after {@link #reset} left. */
        Comparison compare();

        /** {@link #reset}, {@link #run()} and {@link #compare}. */
        default Comparison check() {
            reset();
            run();
            return compare();
        }

        /** All tensors as they are now. */
        byte[] outputBits();

        /** Bytes that one run has to move at least: inputs, weights and outputs once. */
        long bytes();

        /** Floating-point operations of one run; a multiply-add counts as two. */
        long flops();

        @Override
        void close();
    }

    /** The operation. */
    public Op op() {
        return op;
    }

    /** Sizes, for people. */
    public String shape() {
        return shape;
    }

    long oracleOperations() {
        return oracleOperations;
    }

    /** The same with views that start off the allocation's alignment. */
    KernelWorkload misaligned() {
        return new KernelWorkload(op, shape + " misaligned", oracleOperations, setup, 3);
    }

    /**
     * Allocates tensors, draws inputs and brings them to the device.
     *
     * @param kernels what {@link Instance#run()} calls; of the variant
     * @param variant of this operation, which tolerance depends on
     */
    public Instance prepare(
            Device device, Kernels kernels, DType dtype, String variant, long seed) {
        Fixture fixture = new Fixture(device, kernels, dtype, variant, seed, misalign);
        try {
            setup.accept(fixture);
            fixture.reset();
            return fixture;
        } catch (RuntimeException | Error e) {
            fixture.close();
            throw e;
        }
    }

    /** {@link Kernels#rmsNorm} of {@code batch * sequence} rows. */
    public static KernelWorkload rmsNorm(int batch, int sequence, int hidden) {
        return RowWorkloads.rmsNorm(batch * sequence, hidden, false);
    }

    /** {@link Kernels#addRmsNorm} of {@code batch * sequence} rows. */
    public static KernelWorkload addRmsNorm(int batch, int sequence, int hidden) {
        return RowWorkloads.addRmsNorm(batch * sequence, hidden);
    }

    /** {@link Kernels#siluMul} of {@code batch * sequence} rows. */
    public static KernelWorkload siluMul(int batch, int sequence, int width) {
        return RowWorkloads.siluMul(batch * sequence, width);
    }

    /** {@link Kernels#softmax}. */
    public static KernelWorkload softmax(int rows, int columns) {
        return RowWorkloads.softmax(rows, columns, false);
    }

    /** {@link Kernels#linear} without bias. */
    public static KernelWorkload linear(int rows, int inFeatures, int outFeatures) {
        return MatrixWorkloads.linear(rows, inFeatures, outFeatures);
    }

    /** {@link Kernels#swiGlu} of {@code batch * sequence} rows. */
    public static KernelWorkload swiGlu(int batch, int sequence, int hidden, int intermediate) {
        return MatrixWorkloads.swiGlu(batch * sequence, hidden, intermediate);
    }

    /** {@link Kernels#mlp} of {@code batch * sequence} rows. */
    public static KernelWorkload mlp(int batch, int sequence, int hidden, int intermediate) {
        return MatrixWorkloads.mlp(batch * sequence, hidden, intermediate);
    }

    /**
     * {@link Kernels#attention}, prefill: {@code batch} sequences of {@code sequence} tokens with
     * nothing before.
     */
    public static KernelWorkload attention(int batch, int sequence, AttentionShape shape) {
        return AttentionWorkloads.uniform(batch, 0, sequence, shape);
    }

    /**
     * {@link Kernels#attention}, decode: one token in each of {@code batch} sequences with {@code
     * past} before it.
     */
    public static KernelWorkload attentionDecode(int batch, int past, AttentionShape shape) {
        return AttentionWorkloads.uniform(batch, past, 1, shape);
    }

    /** {@link Kernels#samplingProbabilities}. */
    public static KernelWorkload samplingProbabilities(
            int batch, int vocabulary, Sampling sampling) {
        return SamplingWorkloads.probabilities(batch, vocabulary, sampling);
    }

    /** {@link Kernels#sample}. */
    public static KernelWorkload sampling(int batch, int vocabulary, Sampling sampling) {
        return SamplingWorkloads.sample(batch, vocabulary, sampling);
    }
}
