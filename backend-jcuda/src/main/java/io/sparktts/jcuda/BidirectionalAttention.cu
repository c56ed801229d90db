// Attention of every query over every key, each head by itself, in float32.
//
// A block takes 8 queries of one head, a warp each, and walks along the positions in tiles of 32,
// which it brings to shared memory as float32 for all its queries. Scores: a lane per position.
// Output: DIMS dimensions per lane, the tile's weights handed round by shuffles. Between tiles the
// sums are kept relative to the running maximum (the online softmax of Milakov and Gimelshein 2018).
#include "Common.cuh"

namespace {

constexpr int QUERIES = 8;
constexpr int TILE = 32;

template <int DIMS, typename T>
__device__ __forceinline__ void attention(T* out, const T* q, const T* k, const T* v, int queries,
                                          int positions, int width, int headDim, float scale) {
    constexpr int MOST = 32 * DIMS;
    __shared__ float scaled[QUERIES][MOST];
    // One more element per row: the lanes of a warp read 32 rows at a time.
    __shared__ float keys[TILE][MOST + 1];
    __shared__ float values[TILE][MOST];
    int lane = threadIdx.x % 32;
    int warp = threadIdx.x / 32;
    int query = blockIdx.x * QUERIES + warp;
    bool live = query < queries;
    size_t column = static_cast<size_t>(blockIdx.y) * headDim;
    size_t start = static_cast<size_t>(live ? query : 0) * width + column;
    for (int c = lane; c < headDim; c += 32) {
        scaled[warp][c] = toFloat(q[start + c]) * scale;
    }
    float sums[DIMS] = {};
    float total = 0;
    float maximum = -INFINITY;
    for (int first = 0; first < positions; first += TILE) {
        __syncthreads();
        for (int i = threadIdx.x; i < TILE * MOST; i += QUERIES * 32) {
            int p = i / MOST;
            int c = i % MOST;
            // Zeros outside: a weight of zero times garbage might be no number.
            bool inside = first + p < positions && c < headDim;
            size_t at = static_cast<size_t>(first + p) * width + column + c;
            keys[p][c] = inside ? toFloat(k[at]) : 0.0f;
            values[p][c] = inside ? toFloat(v[at]) : 0.0f;
        }
        __syncthreads();
        float score = 0;
        for (int c = 0; c < headDim; c++) {
            score = fmaf(scaled[warp][c], keys[lane][c], score);
        }
        if (first + lane >= positions) {
            score = -INFINITY;
        }
        float now = fmaxf(maximum, warpMax(score));
        float weight = expf(score - now);
        float keep = expf(maximum - now);
        maximum = now;
        total = total * keep + warpSum(weight);
#pragma unroll
        for (int d = 0; d < DIMS; d++) {
            sums[d] *= keep;
        }
#pragma unroll 8
        for (int p = 0; p < TILE; p++) {
            float w = __shfl_sync(0xffffffffu, weight, p);
#pragma unroll
            for (int d = 0; d < DIMS; d++) {
                sums[d] = fmaf(w, values[p][lane + 32 * d], sums[d]);
            }
        }
    }
    if (live) {
#pragma unroll
        for (int d = 0; d < DIMS; d++) {
            int c = lane + 32 * d;
            if (c < headDim) {
                out[start + c] = fromFloat<T>(sums[d] / total);
            }
        }
    }
}

}  // namespace

#define ENTRY(suffix, type, dims)                                                               \
    extern "C" __global__ void __launch_bounds__(QUERIES * 32)                                  \
        bidirectional_d##dims##_##suffix(type* out, const type* q, const type* k,               \
                                         const type* v, int queries, int positions, int width,  \
                                         int headDim, float scale) {                            \
        letNextStart();                                                                         \
        waitForInputs();                                                                        \
        attention<dims>(out, q, k, v, queries, positions, width, headDim, scale);               \
    }

#define ENTRIES(suffix, type) \
    ENTRY(suffix, type, 1)    \
    ENTRY(suffix, type, 2)    \
    ENTRY(suffix, type, 4)

FOR_FLOAT_TYPES(ENTRIES)
