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
    constexpr int W = WIDE<T>;
    size_t start = static_cast<size_t>(blockIdx.x) * n;
    out += start;
    x += start;
    bool wide = aligned16(x) && aligned16(out);
    int vectors = wide ? n / W : 0;
    float maximum = -INFINITY;
    float sum = 0;
#pragma unroll 4
    for (int i = threadIdx.x; i < vectors; i += blockDim.x) {
        Vec<T, W> v = reinterpret_cast<const Vec<T, W>*>(x)[i];
        float m = maximum;
#pragma unroll
        for (int j = 0; j < W; j++) {
            m = fmaxf(m, toFloat(v.at[j]));
        }
        float part = 0;
#pragma unroll
        for (int j = 0; j < W; j++) {
            part += expf(toFloat(v.at[j]) - m);
        }
        sum = m == -INFINITY ? 0.0f : sum * expf(maximum - m) + part;
        maximum = m;
    }
    for (int i = vectors * W + threadIdx.x; i < n; i += blockDim.x) {
        float v = toFloat(x[i]);
        join(maximum, sum, v, 1.0f);
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
#pragma unroll 4
    for (int i = threadIdx.x; i < vectors; i += blockDim.x) {
        Vec<T, W> v = reinterpret_cast<const Vec<T, W>*>(x)[i];
#pragma unroll
        for (int j = 0; j < W; j++) {
            v.at[j] = fromFloat<T>(expf(toFloat(v.at[j]) - maximum) / sum);
        }
        reinterpret_cast<Vec<T, W>*>(out)[i] = v;
    }
    for (int i = vectors * W + threadIdx.x; i < n; i += blockDim.x) {
        out[i] = fromFloat<T>(expf(toFloat(x[i]) - maximum) / sum);
    }
}

}  // namespace

#define ENTRIES(suffix, type)                                                              \
    extern "C" __global__ void softmax_##suffix(type* out, const type* x, int n) {         \
        softmax(out, x, n);                                                                \
    }

FOR_FLOAT_TYPES(ENTRIES)
