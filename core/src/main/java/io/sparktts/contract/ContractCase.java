package io.sparktts.contract;

import io.sparktts.backend.DType;
import io.sparktts.backend.Device;
import io.sparktts.backend.Kernels;
import io.sparktts.backend.Op;
import io.sparktts.backend.Program;
import io.sparktts.backend.Queue;
import io.sparktts.backend.Support;
import io.sparktts.backend.Variants;

import java.util.Arrays;

/**
 * One check of one operation in one dtype at one shape; {@link ContractCases} lists them all.
 *
 * @param workload operation, shape, inputs and truth
 * @param dtype label of the tensors
 * @param seed of the inputs
 * @param mode how it is run
 */
public record ContractCase(KernelWorkload workload, DType dtype, long seed, Mode mode) {
    /** How a case runs its workload. */
    public enum Mode {
        /** Once, compared with the truth. */
        TRUTH,
        /** Many times, from the same inputs, to the same bits. */
        REPEATED,
        /**
         * Recorded and replayed, to the bits of as many eager runs, each from what the last one
         * left.
         */
        REPLAYED
    }

    private static final int REPEATS = 50;
    private static final int REPLAYS = 3;

    /** The operation. */
    public Op op() {
        return workload.op();
    }

    /** Operation, shape, dtype and mode. */
    public String name() {
        String suffix =
                switch (mode) {
                    case TRUTH -> "";
                    case REPEATED -> ", " + REPEATS + " repeats";
                    case REPLAYED -> ", recorded";
                };
        return workload.op().id() + " " + workload.shape() + " " + dtype.id() + suffix;
    }

    /**
     * About how many elementary operations it takes, for a list that a slow backend runs in part.
     */
    public long operations() {
        return workload.oracleOperations()
                * switch (mode) {
                    case TRUTH -> 2;
                    case REPEATED -> REPEATS;
                    case REPLAYED -> 2 * REPLAYS;
                };
    }

    /** Runs it; what goes wrong is in the result, not thrown. */
    public CaseResult run(Device device, String variant) {
        String on = device.info().name();
        try {
            Support support = device.supports(op(), dtype, variant);
            if (!support.supported()) {
                return CaseResult.unsupported(name(), on, variant, support.reason());
            }
            Variants variants = Variants.DEFAULT.with(op(), variant);
            try (Queue queue = device.newQueue()) {
                Kernels kernels = device.kernels(queue, variants);
                try (KernelWorkload.Instance instance =
                        workload.prepare(device, kernels, dtype, variant, seed)) {
                    Comparison comparison =
                            switch (mode) {
                                case TRUTH -> instance.check();
                                case REPEATED -> repeated(instance);
                                case REPLAYED -> replayed(device, queue, variants, instance);
                            };
                    return CaseResult.of(name(), on, variant, comparison);
                }
            }
        } catch (RuntimeException | LinkageError e) {
            return CaseResult.error(name(), on, variant, e);
        }
    }

    private static Comparison repeated(KernelWorkload.Instance instance) {
        Comparison.Builder c = new Comparison.Builder();
        byte[] first = {};
        for (int i = 0; i < REPEATS; i++) {
            instance.reset();
            instance.run();
            byte[] bits = instance.outputBits();
            if (i == 0) {
                first = bits;
            } else if (!Arrays.equals(first, bits)) {
                c.fail(
                        "repeat "
                                + i
                                + " differs from the first at byte "
                                + Arrays.mismatch(first, bits));
                break;
            }
        }
        return c.build();
    }

    private static Comparison replayed(
            Device device, Queue queue, Variants variants, KernelWorkload.Instance instance) {
        Comparison.Builder c = new Comparison.Builder();
        try (Program program = device.record(queue, variants, instance::run)) {
            instance.reset();
            for (int i = 0; i < REPLAYS; i++) {
                instance.run();
            }
            byte[] eager = instance.outputBits();
            instance.reset();
            for (int i = 0; i < REPLAYS; i++) {
                program.replay();
            }
            byte[] replayed = instance.outputBits();
            if (!Arrays.equals(eager, replayed)) {
                c.fail(
                        "replays differ from eager runs at byte "
                                + Arrays.mismatch(eager, replayed));
            }
        }
        return c.build();
    }

    @Override
    public String toString() {
        return name();
    }
}
