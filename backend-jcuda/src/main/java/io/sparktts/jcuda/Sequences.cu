// What concerns tokens of packed sequences: embedding, rotary position embedding, writes to the
// cache, the last row of each sequence, and moving positions on.
//
// A block handles one token; its threads run along the row. Which sequence a token belongs to is
// found on the device, since offsets live there.
#include "Common.cuh"

namespace {

// Sequence of a token; -1 for one that only pads.
__device__ __forceinline__ int sequenceOf(int token, const int* offsets, const int* slot,
                                          int batch) {
    if (token >= offsets[batch]) {
        return -1;
    }
    int low = 0;
    int high = batch;  // offsets[low] <= token < offsets[high]
    while (high - low > 1) {
        int middle = (low + high) / 2;
        if (offsets[middle] <= token) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return slot[low] < 0 ? -1 : low;
}

template <typename T>
__device__ __forceinline__ void embedding(T* out, const int* ids, const T* table, int pitch,
                                          int width) {
    size_t token = blockIdx.x;
    const T* row = table + static_cast<size_t>(ids[token]) * pitch;
    for (int i = threadIdx.x; i < width; i += blockDim.x) {
        out[token * width + i] = row[i];
    }
}

// Turns pair (j, j + half) of a head: x is the head's row.
template <typename T>
__device__ __forceinline__ void turn(T* x, int j, int half, float c, float s) {
    float a = toFloat(x[j]);
    float b = toFloat(x[j + half]);
    x[j] = fromFloat<T>(a * c - b * s);
    x[j + half] = fromFloat<T>(b * c + a * s);
}

template <typename T>
__device__ __forceinline__ void rotate(T* row, int heads, int half, const float* cos,
                                       const float* sin) {
    for (int i = threadIdx.x; i < heads * half; i += blockDim.x) {
        int j = i % half;
        turn(row + static_cast<size_t>(i / half) * 2 * half, j, half, cos[j], sin[j]);
    }
}

template <typename T>
__device__ __forceinline__ void rotary(T* qkv, int width, int heads, int half,
                                       const int* positions, const float* cos, const float* sin) {
    int token = blockIdx.x;
    int position = positions[token];
    if (position >= 0) {
        size_t at = static_cast<size_t>(position) * half;
        rotate(qkv + static_cast<size_t>(token) * width, heads, half, cos + at, sin + at);
    }
}

// Keys and values follow the queries in a row; the cache is [slots][kvHeads][capacity][dim].
template <typename T>
__device__ __forceinline__ void write(const T* row, int queries, int kvHeads, int dim, T* keys,
                                      T* values, int slot, int capacity, int position) {
    int n = kvHeads * dim;
    for (int i = threadIdx.x; i < n; i += blockDim.x) {
        size_t to = ((static_cast<size_t>(slot) * kvHeads + i / dim) * capacity + position) * dim +
                    i % dim;
        keys[to] = row[queries + i];
        values[to] = row[queries + n + i];
    }
}

template <typename T>
__device__ __forceinline__ void cacheWrite(T* qkv, int width, int queries, int kvHeads, int dim,
                                           T* keys, T* values, int capacity, const int* offsets,
                                           const int* positions, const int* slot, int batch,
                                           int heads, const float* cos, const float* sin) {
    int token = blockIdx.x;
    int position = positions[token];
    T* row = qkv + static_cast<size_t>(token) * width;
    if (cos != nullptr && position >= 0) {
        int half = dim / 2;
        size_t at = static_cast<size_t>(position) * half;
        rotate(row, heads, half, cos + at, sin + at);
        __syncthreads();
    }
    int b = sequenceOf(token, offsets, slot, batch);
    if (b >= 0) {
        write(row, queries, kvHeads, dim, keys, values, slot[b], capacity, position);
    }
}

template <typename T>
__device__ __forceinline__ void gatherRows(T* out, const T* x, const int* offsets, int width) {
    size_t b = blockIdx.x;
    int last = offsets[b + 1] - 1;
    if (last >= offsets[b]) {
        for (int i = threadIdx.x; i < width; i += blockDim.x) {
            out[b * width + i] = x[static_cast<size_t>(last) * width + i];
        }
    }
}

}  // namespace

#define ENTRIES(suffix, type)                                                                     \
    extern "C" __global__ void embedding_##suffix(type* out, const int* ids, const type* table,   \
                                                  int pitch, int width) {                         \
        letNextStart();                                                                             \
        waitForInputs();                                                                            \
        embedding(out, ids, table, pitch, width);                                                 \
    }                                                                                             \
    extern "C" __global__ void rotary_##suffix(type* qkv, int width, int heads, int half,         \
                                               const int* positions, const float* cos,            \
                                               const float* sin) {                                \
        letNextStart();                                                                             \
        waitForInputs();                                                                            \
        rotary(qkv, width, heads, half, positions, cos, sin);                                     \
    }                                                                                             \
    extern "C" __global__ void cacheWrite_##suffix(                                               \
        type* qkv, int width, int queries, int kvHeads, int dim, type* keys, type* values,        \
        int capacity, const int* offsets, const int* positions, const int* slot, int batch,       \
        int heads, const float* cos, const float* sin) {                                          \
        letNextStart();                                                                             \
        waitForInputs();                                                                            \
        cacheWrite(qkv, width, queries, kvHeads, dim, keys, values, capacity, offsets, positions, \
                   slot, batch, heads, cos, sin);                                                 \
    }                                                                                             \
    extern "C" __global__ void gatherRows_##suffix(type* out, const type* x, const int* offsets,  \
                                                   int width) {                                   \
        letNextStart();                                                                             \
        waitForInputs();                                                                            \
        gatherRows(out, x, offsets, width);                                                       \
    }

FOR_FLOAT_TYPES(ENTRIES)

// One thread per sequence: a step holds one token of each, seldom more. Lets nothing start before it
// ends, so that later kernels may read positions (past L1) without waiting for the one before them.
extern "C" __global__ void advance(const int* offsets, int* positions, int* cacheLength,
                                   const int* slot, int batch) {
    waitForInputs();
    int b = blockIdx.x * blockDim.x + threadIdx.x;
    if (b < batch && slot[b] >= 0) {
        cacheLength[b]++;
        for (int t = offsets[b]; t < offsets[b + 1]; t++) {
            positions[t]++;
        }
    }
    __threadfence();
}
