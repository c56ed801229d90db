package io.sparktts.model;

import io.sparktts.backend.HostTensor;

import java.lang.foreign.Arena;

/** Where a model's tensors come from, by their names in a Hugging Face checkpoint. */
public interface WeightSource {
    /**
     * A tensor, row-major as the checkpoint has it.
     *
     * @param name such as {@code model.layers.0.mlp.up_proj.weight}
     * @param arena memory that the tensor may be made in, by several threads at a time, so that it
     *     has to be a shared one; the tensor lives no longer than this arena or the source
     */
    HostTensor tensor(String name, Arena arena);
}
