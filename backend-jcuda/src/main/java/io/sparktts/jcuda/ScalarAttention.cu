// Prefill attention without matrix units, for float32 and for head widths that the tensor core
// kernels lack, up to 128: softmax(q k^T) v in one pass over keys and values with a running
// maximum.
//
// A block of 256 threads takes 64 packed rows (see AttentionCommon.cuh) of one key/value head and
// walks the keys in tiles of 64. Queries and keys lie in shared memory by column, weights by key,
// and values by row, so that each thread multiplies 4 x 4 blocks with two 16-byte reads per 16
// multiply-adds. Heads are padded with zeros to 16, 32, 64 or 128 columns.
#include "AttentionCommon.cuh"

constexpr int SCALAR_TILE = 64;                // rows, and keys
constexpr int SCALAR_PITCH = SCALAR_TILE + 4;  // keeps rows 16-byte aligned, off each other's banks

// Four neighbouring floats of shared memory, 16-byte aligned.
__device__ __forceinline__ void load4(float (&x)[4], const float* from) {
    float4 v = *reinterpret_cast<const float4*>(from);
    x[0] = v.x;
    x[1] = v.y;
    x[2] = v.z;
    x[3] = v.w;
}

template <typename T, int D>
__device__ __forceinline__ void scalarAttention(const AttentionProblem<T>& p) {
    constexpr int COLUMNS = D / 16;  // of the result, per thread
    extern __shared__ __align__(16) float scalarShared[];
    float* queries = scalarShared;                      // [D][PITCH], by column
    float* keys = queries + D * SCALAR_PITCH;           // [D][PITCH], by column
    float* values = keys + D * SCALAR_PITCH;            // [TILE][D]
    float* weights = values + SCALAR_TILE * D;          // [TILE][PITCH], by key

    int group = p.group();
    int kvHead = blockIdx.x % p.kvHeads;
    AttentionTile tile;
    if (!findTile(
                p.tokenOffsets,
                p.positions,
                p.slot,
                p.batch,
                group,
                SCALAR_TILE,
                blockIdx.x / p.kvHeads,
                tile)) {
        return;
    }
    int width = p.headDim;
    int lastRow = min(tile.firstRow + SCALAR_TILE, tile.rows) - 1;
    int seen = tile.firstPosition + lastRow / group + 1;  // by any row: more is never read
    const T* keyRows = p.keys + p.cacheOffset(tile.slot, kvHead);
    const T* valueRows = p.values + p.cacheOffset(tile.slot, kvHead);

    // Scores are exponents of 2.
    float scale = p.scale * LOG2E;
    int row = threadIdx.x % SCALAR_TILE;
    {
        int packed = min(tile.firstRow + row, tile.rows - 1);
        int token = packed / group;
        const T* q = p.query(tile.firstToken + token, kvHead * group + packed % group);
        for (int d = threadIdx.x / SCALAR_TILE; d < D; d += 256 / SCALAR_TILE) {
            queries[d * SCALAR_PITCH + row] = d < width ? toFloat(q[d]) * scale : 0.0f;
        }
    }

    // A thread has rows 4 y + {0..3}; keys 4 x + {0..3} of a tile; result columns COLUMNS x + ...
    int x = threadIdx.x % 16;
    int y = threadIdx.x / 16;
    int last[4];
    float maximum[4];
    float sum[4];
    float result[4][COLUMNS] = {};
#pragma unroll
    for (int i = 0; i < 4; i++) {
        int packed = min(tile.firstRow + 4 * y + i, tile.rows - 1);
        last[i] = tile.firstPosition + packed / group;
        maximum[i] = NEGATIVE_INFINITY;
        sum[i] = 0.0f;
    }

    for (int base = 0; base < seen; base += SCALAR_TILE) {
        __syncthreads();  // all have read the tile before
        bool inside = base + row < seen;
        const T* k = keyRows + static_cast<int64_t>(inside ? base + row : 0) * width;
        for (int d = threadIdx.x / SCALAR_TILE; d < D; d += 256 / SCALAR_TILE) {
            keys[d * SCALAR_PITCH + row] = inside && d < width ? toFloat(k[d]) : 0.0f;
        }
        for (int i = threadIdx.x; i < SCALAR_TILE * D; i += 256) {
            int key = i / D;
            int d = i % D;
            bool valid = base + key < seen && d < width;
            values[i] = valid ? toFloat(valueRows[static_cast<int64_t>(base + key) * width + d])
                              : 0.0f;
        }
        __syncthreads();

        float scores[4][4] = {};
#pragma unroll 8
        for (int d = 0; d < D; d++) {
            float a[4];
            float b[4];
            load4(a, queries + d * SCALAR_PITCH + 4 * y);
            load4(b, keys + d * SCALAR_PITCH + 4 * x);
#pragma unroll
            for (int i = 0; i < 4; i++) {
#pragma unroll
                for (int j = 0; j < 4; j++) {
                    scores[i][j] = fmaf(a[i], b[j], scores[i][j]);
                }
            }
        }
#pragma unroll
        for (int i = 0; i < 4; i++) {
            float high = maximum[i];
#pragma unroll
            for (int j = 0; j < 4; j++) {
                if (base + 4 * x + j > last[i]) {
                    scores[i][j] = NEGATIVE_INFINITY;
                }
                high = fmaxf(high, scores[i][j]);
            }
#pragma unroll
            for (int offset = 8; offset > 0; offset >>= 1) {
                high = fmaxf(high, __shfl_xor_sync(0xffffffffu, high, offset));
            }
            // Position 0 is visible to every row, so the maximum is finite from the first tile on.
            float decay = exp2f(maximum[i] - high);
            maximum[i] = high;
            sum[i] *= decay;
#pragma unroll
            for (int j = 0; j < 4; j++) {
                scores[i][j] = exp2f(scores[i][j] - high);
                sum[i] += scores[i][j];
                weights[(4 * x + j) * SCALAR_PITCH + 4 * y + i] = scores[i][j];
            }
#pragma unroll
            for (int c = 0; c < COLUMNS; c++) {
                result[i][c] *= decay;
            }
        }
        // The 16 threads of a row sit in one warp, and read only its own rows of the weights.
        __syncwarp();
#pragma unroll 4
        for (int key = 0; key < SCALAR_TILE; key++) {
            float a[4];
            load4(a, weights + key * SCALAR_PITCH + 4 * y);
            const float* v = values + key * D + COLUMNS * x;
            float b[COLUMNS];
            if constexpr (COLUMNS >= 4) {
#pragma unroll
                for (int c = 0; c < COLUMNS; c += 4) {
                    float part[4];
                    load4(part, v + c);
#pragma unroll
                    for (int e = 0; e < 4; e++) {
                        b[c + e] = part[e];
                    }
                }
            } else {
#pragma unroll
                for (int c = 0; c < COLUMNS; c++) {
                    b[c] = v[c];
                }
            }
#pragma unroll
            for (int i = 0; i < 4; i++) {
#pragma unroll
                for (int c = 0; c < COLUMNS; c++) {
                    result[i][c] = fmaf(a[i], b[c], result[i][c]);
                }
            }
        }
    }

#pragma unroll
    for (int i = 0; i < 4; i++) {
#pragma unroll
        for (int offset = 8; offset > 0; offset >>= 1) {
            sum[i] += __shfl_xor_sync(0xffffffffu, sum[i], offset);
        }
        int packed = tile.firstRow + 4 * y + i;
        if (packed < tile.rows) {
            int token = packed / group;
            T* to = p.output(tile.firstToken + token, kvHead * group + packed % group);
#pragma unroll
            for (int c = 0; c < COLUMNS; c++) {
                int d = COLUMNS * x + c;
                if (d < width) {
                    to[d] = fromFloat<T>(result[i][c] / sum[i]);
                }
            }
        }
    }
}

// Entry points scalarAttention64_f32 and so on, named by padded head width. Grid: (upper bound of
// tiles) * kvHeads blocks of 256 threads; dynamic shared memory: 4 * (2 * 68 * width + 64 * width +
// 64 * 68) bytes.
#define SCALAR(suffix, type, width)                                            \
    extern "C" __global__ void __launch_bounds__(256)                          \
            scalarAttention##width##_##suffix(ATTENTION_PARAMETERS(type)) {    \
        scalarAttention<type, width>(ATTENTION_PROBLEM(type));                 \
    }
#define SCALAR_WIDTHS(suffix, type) \
    SCALAR(suffix, type, 16)        \
    SCALAR(suffix, type, 32)        \
    SCALAR(suffix, type, 64)        \
    SCALAR(suffix, type, 128)

FOR_FLOAT_TYPES(SCALAR_WIDTHS)
