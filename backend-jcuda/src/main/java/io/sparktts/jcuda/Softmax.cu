// Softmax of rows in float32.
//
// A block per row. The first pass keeps each thread's running maximum and its sum relative to it
// (the online softmax of Milakov and Gimelshein 2018), so that a row is read twice instead of three
// times; the second pass writes exp(x - max) / sum.
#include "Common.cuh"

namespace {

// Joins two partial sums, each relative to its own maximum.
__device__ __forceinline__ void join(float& maximum, float& sum, float otherMaximum,
                                     float otherSum) {
    float m = fmaxf(maximum, otherMaximum);
    // A thread without elements has maximum -inf; the difference of two such is not a number.
    sum = m == -INFINITY ? 0.0f : sum * expf(maximum - m) + otherSum * expf(otherMaximum - m);
    maximum = m;
}

template <typename T>
__device__ __forceinline__ void softmax(T* out, const T* x, int n) {
    size_t start = static_cast<size_t>(blockIdx.x) * n;
    float maximum = -INFINITY;
    float sum = 0;
    for (int i = threadIdx.x; i < n; i += blockDim.x) {
        float v = toFloat(x[start + i]);
        float m = fmaxf(maximum, v);
        sum = m == -INFINITY ? 0.0f : sum * expf(maximum - m) + expf(v - m);
        maximum = m;
    }
#pragma unroll
    for (int offset = 16; offset > 0; offset >>= 1) {
        float m = __shfl_xor_sync(0xffffffffu, maximum, offset);
        float s = __shfl_xor_sync(0xffffffffu, sum, offset);
        join(maximum, sum, m, s);
    }
    __shared__ float maxima[32];
    __shared__ float sums[32];
    int warps = blockDim.x / 32;
    if (threadIdx.x % 32 == 0) {
        maxima[threadIdx.x / 32] = maximum;
        sums[threadIdx.x / 32] = sum;
    }
    __syncthreads();
    maximum = maxima[0];
    sum = sums[0];
    for (int i = 1; i < warps; i++) {
        join(maximum, sum, maxima[i], sums[i]);
    }
    for (int i = threadIdx.x; i < n; i += blockDim.x) {
        out[start + i] = fromFloat<T>(expf(toFloat(x[start + i]) - maximum) / sum);
    }
}

}  // namespace

#define ENTRIES(suffix, type)                                                              \
    extern "C" __global__ void softmax_##suffix(type* out, const type* x, int n) {         \
        softmax(out, x, n);                                                                \
    }

FOR_FLOAT_TYPES(ENTRIES)
