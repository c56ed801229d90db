package io.sparktts.jcuda;

import io.sparktts.backend.DType;

import jcuda.driver.CUstream;

import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Prefill attention on tensor cores: Hopper's own where the shape fits, otherwise those of compute
 * capability 8.0; see FlashAttentionHopper.cu and FlashAttention.cu.
 */
final class FlashAttention {
    /** A block of the Hopper kernel: rows, and with them shared memory. */
    private enum Block {
        ROWS_64(1, 2),
        ROWS_128(2, 3);

        final int warpgroups;
        final int sharedBytes;

        Block(int warpgroups, int stages) {
            this.warpgroups = warpgroups;
            this.sharedBytes = stages * (32 << 10) + warpgroups * (8 << 10) + (2 << 10);
        }

        int rows() {
            return 64 * warpgroups;
        }

        /** One warpgroup more than compute feeds them. */
        int threads() {
            return 128 * (warpgroups + 1);
        }
    }

    private record Entry(DType dtype, int size) {}

    private static final int HOPPER_HEAD_DIM = 64;
    private static final int HOPPER_KEYS = 128;
    private static final List<Integer> WIDTHS = List.of(32, 64, 128);
    private static final int ROWS = 64;
    private static final int THREADS = 128;
    private static final int SHARED_BYTES_PER_COLUMN = 512;

    private final CudaContext context;
    private final Map<Entry, CudaFunction> byWidth = new HashMap<>();
    private final Map<Entry, CudaFunction> byRows = new HashMap<>();

    FlashAttention(CudaContext context) {
        this.context = context;
        for (DType dtype : List.of(DType.F16, DType.BF16)) {
            for (int width : WIDTHS) {
                String entry = "flashAttention" + width + "_" + dtype.id();
                byWidth.put(new Entry(dtype, width), context.function("FlashAttention", entry));
            }
            if (context.isHopper()) {
                for (Block block : Block.values()) {
                    String entry = "flashAttentionHopper" + block.rows() + "_" + dtype.id();
                    byRows.put(
                            new Entry(dtype, block.rows()),
                            context.function("FlashAttentionHopper", entry));
                }
            }
        }
    }

    boolean accepts(AttentionCall call) {
        return byWidth.containsKey(new Entry(call.dtype(), call.shape().headDim()));
    }

    void run(CUstream stream, AttentionCall call) {
        if (usesHopper(call)) {
            runHopper(stream, call);
            return;
        }
        int width = call.shape().headDim();
        int blocks = call.mostTiles(call.shape().group(), ROWS) * call.shape().kvHeads();
        byWidth.get(new Entry(call.dtype(), width))
                .launch(
                        stream,
                        blocks,
                        1,
                        1,
                        THREADS,
                        SHARED_BYTES_PER_COLUMN * width,
                        call.arguments());
    }

    /** The one choice between the two kernels. */
    private boolean usesHopper(AttentionCall call) {
        return context.isHopper()
                && call.shape().headDim() == HOPPER_HEAD_DIM
                && cacheRows(call.cache()) <= Integer.MAX_VALUE;
    }

    private static long cacheRows(CudaKvCache cache) {
        return (long) cache.slots() * cache.kvHeads() * cache.capacity();
    }

    private void runHopper(CUstream stream, AttentionCall call) {
        CudaKvCache cache = call.cache();
        MemorySegment keys = map(cache, cache.keys(call.layer()));
        MemorySegment values = map(cache, cache.values(call.layer()));
        int group = call.shape().group();
        int kvHeads = call.shape().kvHeads();
        // Small blocks spread few rows over more multiprocessors; large ones read keys less often.
        int smallBlocks = call.mostTiles(group, Block.ROWS_64.rows()) * kvHeads;
        Block block = smallBlocks <= 2 * context.multiprocessors() ? Block.ROWS_64 : Block.ROWS_128;
        int blocks = call.mostTiles(group, block.rows()) * kvHeads;
        byRows.get(new Entry(call.dtype(), block.rows()))
                .launchDependent(
                        stream,
                        blocks,
                        1,
                        1,
                        block.threads(),
                        block.sharedBytes,
                        call.arguments(keys, values));
    }

    private MemorySegment map(CudaKvCache cache, long address) {
        return context.tensorMaps()
                .of(
                        new CudaTensorMap.Matrix(
                                cache.dtype(),
                                address,
                                cacheRows(cache),
                                HOPPER_HEAD_DIM,
                                HOPPER_HEAD_DIM,
                                HOPPER_KEYS));
    }
}
