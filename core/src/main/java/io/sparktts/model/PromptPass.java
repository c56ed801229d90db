package io.sparktts.model;

import io.sparktts.backend.DType;
import io.sparktts.backend.Device;
import io.sparktts.backend.HostTensor;
import io.sparktts.backend.Kernels;
import io.sparktts.backend.Queue;
import io.sparktts.backend.SequenceBatch;
import io.sparktts.backend.Tensor;
import io.sparktts.backend.Variants;

import java.lang.foreign.Arena;
import java.util.function.Consumer;

/**
 * A pass over prompts of one total length: its inputs on the device, and from the second use on its
 * recording.
 */
final class PromptPass implements AutoCloseable {
    private final Device device;
    private final int tokens;
    private final int slots;
    private final Tensor inputs;
    private final Tensor ids;
    private final SequenceBatch batch;
    private final RecordedPass pass;

    /**
     * @param tokens of all sequences and the padding after them
     */
    PromptPass(Device device, int slots, int tokens) {
        this.device = device;
        this.tokens = tokens;
        this.slots = slots;
        pass = new RecordedPass(device);
        inputs = device.allocate(DType.I32, 2L * tokens + 3L * slots + 1);
        ids = inputs.view(0, tokens);
        long at = 2L * tokens;
        batch =
                new SequenceBatch(
                        inputs.view(at, slots + 1),
                        inputs.view(tokens, tokens),
                        inputs.view(at + slots + 1, slots),
                        inputs.view(at + 2L * slots + 1, slots));
    }

    /** {@code [tokens]} I32. */
    Tensor ids() {
        return ids;
    }

    SequenceBatch batch() {
        return batch;
    }

    /**
     * Brings the prompts to the device, in one copy.
     *
     * @param prompts one per slot
     * @param past live positions of each slot
     */
    void write(java.util.List<int[]> prompts, int[] past) {
        int[] all = new int[2 * tokens + 3 * slots + 1];
        int at = 2 * tokens;
        int token = 0;
        for (int b = 0; b < slots; b++) {
            int[] prompt = prompts.get(b);
            all[at + b] = token;
            all[at + slots + 1 + b] = past[b];
            all[at + 2 * slots + 1 + b] = prompt.length == 0 ? -1 : b;
            for (int i = 0; i < prompt.length; i++, token++) {
                all[token] = prompt[i];
                all[tokens + token] = past[b] + i;
            }
        }
        all[at + slots] = token;
        try (Arena arena = Arena.ofConfined()) {
            device.write(inputs, HostTensor.ofInts(arena, all).data());
        }
    }

    /** Queues the pass. */
    void run(Queue queue, Variants variants, Kernels kernels, Consumer<Kernels> body) {
        pass.run(queue, variants, kernels, body);
    }

    @Override
    public void close() {
        pass.close();
        inputs.close();
    }
}
