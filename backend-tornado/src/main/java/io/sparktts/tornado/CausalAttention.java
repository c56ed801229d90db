package io.sparktts.tornado;

import io.sparktts.backend.Tensor;

/**
 * Causal attention that a library makes in float16: row {@code i} of a head's queries sees the
 * first {@code i + 1} of its keys. All four are {@code [heads, span, headDim]}, each a buffer of
 * its own.
 */
record CausalAttention(
        TornadoBuffer out,
        TornadoBuffer queries,
        TornadoBuffer keys,
        TornadoBuffer values,
        int heads,
        int span,
        int headDim)
        implements Executor.Step {
    /** Of tensors that begin where their buffers do. */
    static CausalAttention of(
            Tensor out, Tensor queries, Tensor keys, Tensor values, int span, int headDim) {
        return new CausalAttention(
                whole(out), whole(queries), whole(keys), whole(values), out.rows(), span, headDim);
    }

    private static TornadoBuffer whole(Tensor t) {
        if (t.offset() != 0) {
            throw new IllegalArgumentException("a library takes whole buffers, not views");
        }
        return (TornadoBuffer) t.buffer();
    }

    /** 1 / sqrt(headDim). */
    float scale() {
        return (float) (1 / Math.sqrt(headDim));
    }
}
