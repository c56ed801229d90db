package io.sparktts.harness.bench;

import io.sparktts.backend.Device;
import io.sparktts.backend.Queue;
import io.sparktts.contract.Comparison;
import io.sparktts.speech.Speech;

import org.jspecify.annotations.Nullable;

/** What a row times: one call on a device that is ready for it. */
interface Call extends AutoCloseable {
    /** What the row times. */
    static Call of(BenchSpec spec, Device device) {
        return switch (spec.kind()) {
            case FORWARD, PREFILL, DECODE -> new ModelCall(spec, device);
            case CODEC -> new CodecCall(spec, device);
            case SPEECH -> new SpeechCall(spec, device);
            default -> new KernelCall(spec, device);
        };
    }

    /** The queue the work goes to. */
    Queue queue();

    /** Queues the work once. */
    void run();

    /** Before every iteration: brings back what calls used up. */
    default void refresh() {}

    /** Whether another {@link #run} has no room before {@link #refresh}. */
    default boolean full() {
        return false;
    }

    /** Compares with the truth. */
    Comparison check();

    /** What {@link #check} compares with. */
    String truth();

    /** More about the comparison, in one line; empty for nothing. */
    default String remark() {
        return "";
    }

    /** Where the last call's time went, by the host's clock; null where one queue has it all. */
    default Speech.@Nullable Timings timings() {
        return null;
    }

    /** Bytes that one call has to move at least; 0 where arithmetic is all that counts. */
    long bytes();

    /** Floating-point operations of one call; 0 where no limit of arithmetic applies. */
    double flops();

    /** Tokens that one call handles; 0 for kernels. */
    int tokens();

    @Override
    void close();
}
