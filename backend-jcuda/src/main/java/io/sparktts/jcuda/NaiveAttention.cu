// Attention as plain PyTorch does it, one kernel per step with everything in memory between them:
// scores = q k^T * scale rounded to the dtype; softmax over the visible keys in float32, rounded to
// the dtype; weights times values. The host takes some heads at a time, so that the scores
// [heads][tokens][capacity] stay small.
//
// Both products cut their result into tiles of 64 x 64, 4 x 4 per thread of 256, and walk the
// reduction in steps of 16 through shared memory; the softmax takes a block per row.
#include "AttentionCommon.cuh"

constexpr int NAIVE_TILE = 64;
constexpr int NAIVE_STEP = 16;

// Multiplies the steps that both products leave in shared memory, [STEP][TILE] each.
__device__ __forceinline__ void multiplyStep(
        float (&sum)[4][4],
        const float (&a)[NAIVE_STEP][NAIVE_TILE + 4],
        const float (&b)[NAIVE_STEP][NAIVE_TILE + 4]) {
    int x = threadIdx.x % 16;
    int y = threadIdx.x / 16;
#pragma unroll
    for (int k = 0; k < NAIVE_STEP; k++) {
#pragma unroll
        for (int i = 0; i < 4; i++) {
#pragma unroll
            for (int j = 0; j < 4; j++) {
                sum[i][j] = fmaf(a[k][4 * y + i], b[k][4 * x + j], sum[i][j]);
            }
        }
    }
}

// A tile of 64 tokens of one sequence; blockIdx.x counts them.
template <typename T>
__device__ __forceinline__ bool tokenTile(const AttentionProblem<T>& p, AttentionTile& tile) {
    return findTile(
            p.tokenOffsets, p.positions, p.slot, p.batch, 1, NAIVE_TILE, blockIdx.x, tile);
}

template <typename S, typename T>
__device__ __forceinline__ S* scoreRow(
        S* scores, const AttentionProblem<T>& p, int tokens, int token) {
    return scores + (static_cast<int64_t>(blockIdx.y) * tokens + token) * p.capacity;
}

// Grid: (upper bound of tiles, heads, ceil(capacity / 64)).
template <typename T>
__device__ __forceinline__ void naiveScores(
        const AttentionProblem<T>& p, T* scores, int tokens, int firstHead) {
    __shared__ float a[NAIVE_STEP][NAIVE_TILE + 4];
    __shared__ float b[NAIVE_STEP][NAIVE_TILE + 4];
    AttentionTile tile;
    if (!tokenTile(p, tile)) {
        return;
    }
    int firstKey = blockIdx.z * NAIVE_TILE;
    int lastToken = min(tile.firstRow + NAIVE_TILE, tile.rows) - 1;
    int seen = tile.firstPosition + lastToken + 1;
    if (firstKey >= seen) {
        return;
    }
    int head = firstHead + blockIdx.y;
    const T* keys = p.keys + p.cacheOffset(tile.slot, head / p.group());
    float sum[4][4] = {};
    for (int base = 0; base < p.headDim; base += NAIVE_STEP) {
        for (int i = threadIdx.x; i < NAIVE_STEP * NAIVE_TILE; i += 256) {
            int row = i / NAIVE_STEP;
            int k = i % NAIVE_STEP;
            bool inside = base + k < p.headDim;
            int token = tile.firstRow + row;
            a[k][row] = inside && token <= lastToken
                    ? toFloat(p.query(tile.firstToken + token, head)[base + k])
                    : 0.0f;
            int key = firstKey + row;
            b[k][row] = inside && key < seen
                    ? toFloat(keys[static_cast<int64_t>(key) * p.headDim + base + k])
                    : 0.0f;
        }
        __syncthreads();
        multiplyStep(sum, a, b);
        __syncthreads();
    }
#pragma unroll
    for (int i = 0; i < 4; i++) {
        int token = tile.firstRow + 4 * (threadIdx.x / 16) + i;
        if (token > lastToken) {
            continue;
        }
        T* row = scoreRow(scores, p, tokens, tile.firstToken + token);
#pragma unroll
        for (int j = 0; j < 4; j++) {
            int key = firstKey + 4 * (threadIdx.x % 16) + j;
            if (key <= tile.firstPosition + token) {
                row[key] = fromFloat<T>(sum[i][j] * p.scale);
            }
        }
    }
}

// Largest element, or sum, over the block's 256 threads.
template <bool LARGEST>
__device__ __forceinline__ float reduceBlock(float x) {
    __shared__ float parts[8];
    x = LARGEST ? warpMax(x) : warpSum(x);
    if (threadIdx.x % 32 == 0) {
        parts[threadIdx.x / 32] = x;
    }
    __syncthreads();
    x = parts[0];
#pragma unroll
    for (int i = 1; i < 8; i++) {
        x = LARGEST ? fmaxf(x, parts[i]) : x + parts[i];
    }
    __syncthreads();
    return x;
}

// Grid: (tokens, heads). In place.
template <typename T>
__device__ __forceinline__ void naiveSoftmax(
        const AttentionProblem<T>& p, T* scores, int tokens) {
    AttentionTile tile;
    // Tiles of one token, of which a sequence's last comes first: any order visits each once.
    if (!findTile(p.tokenOffsets, p.positions, p.slot, p.batch, 1, 1, blockIdx.x, tile)) {
        return;
    }
    int token = tile.firstToken + tile.firstRow;
    int seen = tile.firstPosition + tile.firstRow + 1;
    T* row = scoreRow(scores, p, tokens, token);
    float high = NEGATIVE_INFINITY;
    for (int i = threadIdx.x; i < seen; i += 256) {
        high = fmaxf(high, toFloat(row[i]));
    }
    high = reduceBlock<true>(high);
    float sum = 0.0f;
    for (int i = threadIdx.x; i < seen; i += 256) {
        sum += expf(toFloat(row[i]) - high);
    }
    sum = reduceBlock<false>(sum);
    for (int i = threadIdx.x; i < seen; i += 256) {
        row[i] = fromFloat<T>(expf(toFloat(row[i]) - high) / sum);
    }
}

// Grid: (upper bound of tiles, heads, ceil(headDim / 64)).
template <typename T>
__device__ __forceinline__ void naiveWeigh(
        const AttentionProblem<T>& p, const T* weights, int tokens, int firstHead) {
    __shared__ float a[NAIVE_STEP][NAIVE_TILE + 4];
    __shared__ float b[NAIVE_STEP][NAIVE_TILE + 4];
    AttentionTile tile;
    if (!tokenTile(p, tile)) {
        return;
    }
    int lastToken = min(tile.firstRow + NAIVE_TILE, tile.rows) - 1;
    int seen = tile.firstPosition + lastToken + 1;
    int head = firstHead + blockIdx.y;
    int firstColumn = blockIdx.z * NAIVE_TILE;
    const T* values = p.values + p.cacheOffset(tile.slot, head / p.group());
    float sum[4][4] = {};
    for (int base = 0; base < seen; base += NAIVE_STEP) {
        for (int i = threadIdx.x; i < NAIVE_STEP * NAIVE_TILE; i += 256) {
            int row = i / NAIVE_STEP;
            int k = i % NAIVE_STEP;
            int token = tile.firstRow + row;
            // Weights of hidden keys were never written.
            bool visible = token <= lastToken && base + k <= tile.firstPosition + token;
            const T* weightRow = scoreRow(weights, p, tokens, tile.firstToken + token);
            a[k][row] = visible ? toFloat(weightRow[base + k]) : 0.0f;
            int column = i % NAIVE_TILE;
            int key = i / NAIVE_TILE;
            bool inside = base + key < seen && firstColumn + column < p.headDim;
            b[key][column] = inside
                    ? toFloat(values[static_cast<int64_t>(base + key) * p.headDim + firstColumn
                                     + column])
                    : 0.0f;
        }
        __syncthreads();
        multiplyStep(sum, a, b);
        __syncthreads();
    }
#pragma unroll
    for (int i = 0; i < 4; i++) {
        int token = tile.firstRow + 4 * (threadIdx.x / 16) + i;
        if (token > lastToken) {
            continue;
        }
        T* to = p.output(tile.firstToken + token, head);
#pragma unroll
        for (int j = 0; j < 4; j++) {
            int column = firstColumn + 4 * (threadIdx.x % 16) + j;
            if (column < p.headDim) {
                to[column] = fromFloat<T>(sum[i][j]);
            }
        }
    }
}

// Blocks of 256 threads. tokens: rows per head of the scores.
#define NAIVE(suffix, type)                                                                      \
    extern "C" __global__ void __launch_bounds__(256) naiveScores_##suffix(                      \
            ATTENTION_PARAMETERS(type), type* scores, int tokens, int firstHead) {               \
        naiveScores<type>(ATTENTION_PROBLEM(type), scores, tokens, firstHead);                   \
    }                                                                                            \
    extern "C" __global__ void __launch_bounds__(256) naiveSoftmax_##suffix(                     \
            ATTENTION_PARAMETERS(type), type* scores, int tokens, int firstHead) {               \
        naiveSoftmax<type>(ATTENTION_PROBLEM(type), scores, tokens);                             \
    }                                                                                            \
    extern "C" __global__ void __launch_bounds__(256) naiveWeigh_##suffix(                       \
            ATTENTION_PARAMETERS(type), type* scores, int tokens, int firstHead) {               \
        naiveWeigh<type>(ATTENTION_PROBLEM(type), scores, tokens, firstHead);                    \
    }

FOR_FLOAT_TYPES(NAIVE)
