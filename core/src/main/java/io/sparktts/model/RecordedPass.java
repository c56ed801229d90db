package io.sparktts.model;

import io.sparktts.backend.Device;
import io.sparktts.backend.Kernels;
import io.sparktts.backend.Program;
import io.sparktts.backend.Queue;
import io.sparktts.backend.Variants;

import org.jspecify.annotations.Nullable;

import java.util.function.Consumer;

/**
 * A pass that is recorded from its second use on: a size that is met once is not worth a recording.
 */
public final class RecordedPass implements AutoCloseable {
    private final Device device;
    private @Nullable Program program;
    private boolean used;

    public RecordedPass(Device device) {
        this.device = device;
    }

    /**
     * Queues the pass.
     *
     * @param body the same each time
     */
    public void run(Queue queue, Variants variants, Kernels kernels, Consumer<Kernels> body) {
        if (program != null) {
            program.replay();
        } else if (used) {
            program = device.record(queue, variants, body);
        } else {
            used = true;
            body.accept(kernels);
        }
    }

    @Override
    public void close() {
        if (program != null) {
            program.close();
        }
    }
}
