// Prefill attention on tensor cores of compute capability 8.0 and up, float16 and bfloat16, head
// widths 32, 64 and 128: softmax(q k^T) v in one pass over keys and values with a running maximum
// (FlashAttention-2).
//
// A block of 4 warps takes 64 packed rows (see AttentionCommon.cuh) of one key/value head, 16 per
// warp, and walks the keys in tiles of 64. Two buffers in shared memory, filled by asynchronous
// copies, hide loads behind arithmetic; 16-byte columns are swizzled so that ldmatrix meets no bank
// twice. Queries, scores, weights and results stay in registers.
#include "AttentionCommon.cuh"
#include "TensorCores.cuh"

constexpr int FLASH_ROWS = 64;  // of a block
constexpr int FLASH_KEYS = 64;  // of a tile

// Byte offset of a 16-byte column of a tile's row. Rows of 64 bytes share a line of banks by two.
template <int D>
__device__ __forceinline__ int swizzled(int row, int column) {
    int turn = D == 32 ? (row >> 1) & 3 : row & 7;
    return row * D * 2 + ((column ^ turn) << 4);
}

// Starts copying a tile; rows from `live` on become zero, so that nothing of them reaches a sum.
template <typename T, int D>
__device__ __forceinline__ void copyTileAsync(uint32_t to, const T* from, int firstRow, int live) {
    constexpr int COLUMNS = D / 8;
    for (int i = threadIdx.x; i < FLASH_KEYS * COLUMNS; i += 128) {
        int row = i / COLUMNS;
        int column = i % COLUMNS;
        bool inside = firstRow + row < live;
        const T* source = from + static_cast<int64_t>(inside ? firstRow + row : 0) * D + column * 8;
        asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(
                             to + swizzled<D>(row, column)),
                     "l"(source), "r"(inside ? 16 : 0)
                     : "memory");
    }
}

template <bool TRANSPOSED>
__device__ __forceinline__ void loadMatrices(uint32_t (&m)[4], uint32_t address) {
    if constexpr (TRANSPOSED) {
        asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
                     : "=r"(m[0]), "=r"(m[1]), "=r"(m[2]), "=r"(m[3])
                     : "r"(address)
                     : "memory");
    } else {
        asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                     : "=r"(m[0]), "=r"(m[1]), "=r"(m[2]), "=r"(m[3])
                     : "r"(address)
                     : "memory");
    }
}

template <typename T, int D>
__device__ __forceinline__ void flashAttention(const AttentionProblem<T>& p) {
    constexpr int TILE_BYTES = FLASH_KEYS * D * 2;
    constexpr int BLOCKS = FLASH_KEYS / 8;  // of 8 keys
    extern __shared__ __align__(128) char flashShared[];
    uint32_t shared = static_cast<uint32_t>(__cvta_generic_to_shared(flashShared));

    int group = p.group();
    int kvHead = blockIdx.x % p.kvHeads;
    AttentionTile tile;
    if (!findTile(
                p.tokenOffsets,
                p.positions,
                p.slot,
                p.batch,
                group,
                FLASH_ROWS,
                blockIdx.x / p.kvHeads,
                tile)) {
        return;
    }
    int lane = threadIdx.x & 31;
    int warp = threadIdx.x / 32;
    int live = tile.firstPosition + tile.rows / group;
    int lastRow = min(tile.firstRow + FLASH_ROWS, tile.rows) - 1;
    int tiles = (tile.firstPosition + lastRow / group) / FLASH_KEYS + 1;
    const T* keys = p.keys + p.cacheOffset(tile.slot, kvHead);
    const T* values = p.values + p.cacheOffset(tile.slot, kvHead);

    auto fetch = [&](int j) {
        uint32_t to = shared + (j & 1) * 2 * TILE_BYTES;
        copyTileAsync<T, D>(to, keys, j * FLASH_KEYS, live);
        copyTileAsync<T, D>(to + TILE_BYTES, values, j * FLASH_KEYS, live);
        asm volatile("cp.async.commit_group;" ::: "memory");
    };
    fetch(0);

    // A thread holds rows lane / 4 and lane / 4 + 8 of its warp's, columns 2 (lane % 4) + {0, 1} of
    // every 8.
    int token[2];
    int head[2];
    int last[2];  // position that the row sees last
    uint32_t queries[D / 16][4];
    bool evenIn = aligned4(p.qkv);
    int warpRow = tile.firstRow + warp * 16;
#pragma unroll
    for (int r = 0; r < 2; r++) {
        // Rows past the end repeat the last one and are not stored.
        int row = min(warpRow + lane / 4 + 8 * r, tile.rows - 1);
        token[r] = row / group;
        head[r] = kvHead * group + row - token[r] * group;
        last[r] = tile.firstPosition + token[r];
        const T* q = p.query(tile.firstToken + token[r], head[r]) + 2 * (lane & 3);
#pragma unroll
        for (int k = 0; k < D / 16; k++) {
            queries[k][r] = loadPair(q + 16 * k, evenIn);
            queries[k][2 + r] = loadPair(q + 16 * k + 8, evenIn);
        }
    }
    int seenByAll = tile.firstPosition + min(warpRow, tile.rows - 1) / group;
    float scale = p.scale * LOG2E;

    float result[D / 8][4] = {};
    float maximum[2] = {NEGATIVE_INFINITY, NEGATIVE_INFINITY};
    float sum[2] = {0.0f, 0.0f};

    for (int j = 0; j < tiles; j++) {
        asm volatile("cp.async.wait_group 0;" ::: "memory");
        __syncthreads();  // tile j is there, and all have read tile j - 1
        if (j + 1 < tiles) {
            fetch(j + 1);
        }
        uint32_t keyTile = shared + (j & 1) * 2 * TILE_BYTES;
        uint32_t valueTile = keyTile + TILE_BYTES;

        float scores[BLOCKS][4] = {};
#pragma unroll
        for (int k = 0; k < D / 16; k++) {
#pragma unroll
            for (int i = 0; i < BLOCKS; i += 2) {
                uint32_t m[4];
                int row = (i + (lane >> 4)) * 8 + (lane & 7);
                loadMatrices<false>(m, keyTile + swizzled<D>(row, 2 * k + (lane >> 3 & 1)));
                mmaSync<T>(scores[i], queries[k], m[0], m[1]);
                mmaSync<T>(scores[i + 1], queries[k], m[2], m[3]);
            }
        }
        if ((j + 1) * FLASH_KEYS - 1 > seenByAll) {
            int column = j * FLASH_KEYS + 2 * (lane & 3);
#pragma unroll
            for (int i = 0; i < BLOCKS; i++) {
#pragma unroll
                for (int e = 0; e < 4; e++) {
                    if (column + 8 * i + (e & 1) > last[e >> 1]) {
                        scores[i][e] = NEGATIVE_INFINITY;
                    }
                }
            }
        }
#pragma unroll
        for (int r = 0; r < 2; r++) {
            float high = maximum[r];
#pragma unroll
            for (int i = 0; i < BLOCKS; i++) {
                high = fmaxf(high, fmaxf(scores[i][2 * r], scores[i][2 * r + 1]));
            }
            high = fmaxf(high, __shfl_xor_sync(0xffffffffu, high, 1));
            high = fmaxf(high, __shfl_xor_sync(0xffffffffu, high, 2));
            // Position 0 is visible to every row, so the maximum is finite from the first tile on.
            float decay = exp2Fast((maximum[r] - high) * scale);
            maximum[r] = high;
            float shift = high * scale;
            float part = 0.0f;
#pragma unroll
            for (int i = 0; i < BLOCKS; i++) {
#pragma unroll
                for (int e = 0; e < 2; e++) {
                    float& x = scores[i][2 * r + e];
                    x = exp2Fast(fmaf(x, scale, -shift));
                    part += x;
                }
            }
            sum[r] = sum[r] * decay + part;
#pragma unroll
            for (int i = 0; i < D / 8; i++) {
                result[i][2 * r] *= decay;
                result[i][2 * r + 1] *= decay;
            }
        }
#pragma unroll
        for (int k = 0; k < FLASH_KEYS / 16; k++) {
            // The layouts of results and left operands agree.
            uint32_t weights[4] = {
                    packPair<T>(scores[2 * k][0], scores[2 * k][1]),
                    packPair<T>(scores[2 * k][2], scores[2 * k][3]),
                    packPair<T>(scores[2 * k + 1][0], scores[2 * k + 1][1]),
                    packPair<T>(scores[2 * k + 1][2], scores[2 * k + 1][3])};
            int row = k * 16 + (lane >> 3 & 1) * 8 + (lane & 7);
#pragma unroll
            for (int i = 0; i < D / 8; i += 2) {
                uint32_t m[4];
                loadMatrices<true>(m, valueTile + swizzled<D>(row, i + (lane >> 4)));
                mmaSync<T>(result[i], weights, m[0], m[1]);
                mmaSync<T>(result[i + 1], weights, m[2], m[3]);
            }
        }
    }

    bool evenOut = aligned4(p.out);
#pragma unroll
    for (int r = 0; r < 2; r++) {
        sum[r] += __shfl_xor_sync(0xffffffffu, sum[r], 1);
        sum[r] += __shfl_xor_sync(0xffffffffu, sum[r], 2);
        float inverse = 1.0f / sum[r];
        if (warpRow + lane / 4 + 8 * r < tile.rows) {
            T* to = p.output(tile.firstToken + token[r], head[r]) + 2 * (lane & 3);
#pragma unroll
            for (int i = 0; i < D / 8; i++) {
                uint32_t pair = packPair<T>(
                        result[i][2 * r] * inverse, result[i][2 * r + 1] * inverse);
                storePair(to + 8 * i, pair, evenOut);
            }
        }
    }
}

// Entry points flashAttention64_bf16 and so on, named by head width. Grid: (upper bound of tiles) *
// kvHeads blocks of 128 threads; dynamic shared memory: 512 bytes per column of a head.
#define FLASH(suffix, type, width)                                             \
    extern "C" __global__ void __launch_bounds__(128)                          \
            flashAttention##width##_##suffix(ATTENTION_PARAMETERS(type)) {     \
        flashAttention<type, width>(ATTENTION_PROBLEM(type));                  \
    }

FLASH(f16, f16, 32)
FLASH(bf16, bf16, 32)
FLASH(f16, f16, 64)
FLASH(bf16, bf16, 64)
FLASH(f16, f16, 128)
FLASH(bf16, bf16, 128)
