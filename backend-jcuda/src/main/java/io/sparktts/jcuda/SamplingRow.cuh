// A row of logits as the sampler reads it: keys in the order of the logits, and masses.
#pragma once

#include "SamplingCommon.cuh"

namespace {

template <typename T>
struct Row {
    const T* at;
    int n;
    bool wide;

    __device__ Row(const T* logits, int row, int n) : at(logits + static_cast<int64_t>(row) * n), n(n) {
        wide = reinterpret_cast<uintptr_t>(at) % (4 * sizeof(T)) == 0;
    }

    __device__ int quads() const { return (n + 3) / 4; }

    // Keys of logits 4q to 4q + 3; 0 past the end.
    __device__ __forceinline__ void quad(int q, u32 (&key)[4]) const {
        int i = q * 4;
        if (wide && i + 4 <= n) {
            Vec<T, 4> v = *reinterpret_cast<const Vec<T, 4>*>(at + i);
#pragma unroll
            for (int e = 0; e < 4; e++) {
                key[e] = keyOf(toFloat(v.at[e]));
            }
        } else {
#pragma unroll
            for (int e = 0; e < 4; e++) {
                key[e] = i + e < n ? keyOf(toFloat(at[i + e])) : 0;
            }
        }
    }

    // Calls f(key, index) for the logits of quads from, from + stride, ... below to, in that order,
    // with four loads in flight.
    template <typename F>
    __device__ __forceinline__ void each(int from, int to, int stride, F f) const {
        for (int q = from; q < to; q += 4 * stride) {
            u32 key[4][4];
#pragma unroll
            for (int a = 0; a < 4; a++) {
                quad(q + a * stride, key[a]);
            }
#pragma unroll
            for (int a = 0; a < 4; a++) {
#pragma unroll
                for (int e = 0; e < 4; e++) {
                    int i = (q + a * stride) * 4 + e;
                    if (q + a * stride < to && i < n) {
                        f(key[a][e], i);
                    }
                }
            }
        }
    }
};

struct Weights {
    float max;
    float temperature;

    __device__ __forceinline__ float of(u32 key) const {
        return expf((valueOf(key) - max) / temperature);
    }

    __device__ __forceinline__ u64 mass(u32 key) const {
        float w = of(key);
        return w > 0.0f ? __float2ull_rn(w * 0x1p40f) : 0;
    }
};

// The mass that a draw has to exceed: floor(u * total), u the upper 24 bits of the random word.
__device__ __forceinline__ u64 threshold(u64 total, u32 random) {
    u64 u = random >> 8;
    return __umul64hi(total, u) << 40 | (total * u) >> 24;
}

// Top-p cuts, from the smallest up, while the mass is at most this; the largest always stays.
__device__ __forceinline__ u64 cutLimit(u64 total, u64 cut) { return min(__umul64hi(total, cut), total - 1); }

template <typename V>
__device__ __forceinline__ V sumOver(V value, int lanes) {
    for (int offset = 1; offset < lanes; offset <<= 1) {
        value += __shfl_xor_sync(FULL, value, offset);
    }
    return value;
}

}  // namespace
