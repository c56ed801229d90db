package io.sparktts.jcuda;

import io.sparktts.backend.AttentionShape;
import io.sparktts.backend.Kernels;
import io.sparktts.backend.SequenceBatch;
import io.sparktts.backend.Tensor;
import io.sparktts.backend.Variants;

import jcuda.driver.CUstream;

/** Attention by the kernel that fits the dtype, the shape and the number of tokens. */
final class AttentionKernel {
    private final FlashAttention flash;
    private final DecodeAttention decode;
    private final ScalarAttention scalar;
    private final NaiveAttention naive;

    AttentionKernel(CudaContext context) {
        flash = new FlashAttention(context);
        decode = new DecodeAttention(context);
        scalar = new ScalarAttention(context);
        naive = new NaiveAttention(context);
    }

    /**
     * See {@link Kernels#attention}.
     *
     * @param variant {@link CudaVariants#FUSED} or {@link Variants#NAIVE}
     */
    void run(
            Kernels kernels,
            CUstream stream,
            String variant,
            Tensor out,
            Tensor qkv,
            CudaKvCache cache,
            int layer,
            AttentionShape shape,
            SequenceBatch batch,
            CudaScratch scratch) {
        if (batch.tokens() == 0 || batch.batch() == 0) {
            return;
        }
        AttentionCall call = new AttentionCall(out, qkv, cache, layer, shape, batch);
        if (variant.equals(Variants.NAIVE)) {
            naive.run(kernels, stream, call);
        } else if (decode.accepts(call)) {
            decode.run(kernels, stream, call, scratch);
        } else if (flash.accepts(call)) {
            flash.run(stream, call);
        } else if (scalar.accepts(call)) {
            scalar.run(stream, call);
        } else {
            naive.run(kernels, stream, call);
        }
    }
}
