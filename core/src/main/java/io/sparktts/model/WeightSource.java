package io.sparktts.model;

import io.sparktts.backend.HostTensor;

import java.lang.foreign.Arena;

/** Where a model's tensors come from, by their names in a Hugging Face checkpoint. */
public interface WeightSource {
    /**
     * A tensor, row-major as the checkpoint has it.
     *
     * @param name such as {@code model.layers.0.mlp.up_proj.weight}
     * @param arena memory that the tensor may be made in; it lives no longer than this arena or the
     *     source
     */
    HostTensor tensor(String name, Arena arena);
}
