// What all kernels share: conversion between the storage dtypes and float32, 16-byte vectors,
// reductions, and the names of entry points.
#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <cstdint>

using bf16 = __nv_bfloat16;
using f16 = __half;

__device__ __forceinline__ float toFloat(float x) { return x; }
__device__ __forceinline__ float toFloat(f16 x) { return __half2float(x); }
__device__ __forceinline__ float toFloat(bf16 x) { return __bfloat162float(x); }

// Rounds to nearest even, once.
template <typename T>
__device__ __forceinline__ T fromFloat(float x);
template <>
__device__ __forceinline__ float fromFloat<float>(float x) {
    return x;
}
template <>
__device__ __forceinline__ f16 fromFloat<f16>(float x) {
    return __float2half_rn(x);
}
template <>
__device__ __forceinline__ bf16 fromFloat<bf16>(float x) {
    return __float2bfloat16_rn(x);
}

// Two neighbours of a short dtype in one register, the first in its low half.
template <typename T>
struct PairOf;
template <>
struct PairOf<f16> {
    using type = __half2;
};
template <>
struct PairOf<bf16> {
    using type = __nv_bfloat162;
};
template <typename T>
using Pair = typename PairOf<T>::type;

// Rounds both to nearest even, once, in one conversion.
template <typename T>
__device__ __forceinline__ Pair<T> pairFromFloats(float low, float high);
template <>
__device__ __forceinline__ __half2 pairFromFloats<f16>(float low, float high) {
    return __floats2half2_rn(low, high);
}
template <>
__device__ __forceinline__ __nv_bfloat162 pairFromFloats<bf16>(float low, float high) {
    return __floats2bfloat162_rn(low, high);
}

// The bits of a pair.
template <typename T>
__device__ __forceinline__ uint32_t packPair(float low, float high) {
    Pair<T> pair = pairFromFloats<T>(low, high);
    return *reinterpret_cast<uint32_t*>(&pair);
}

// N elements that move in one load or store; N * sizeof(T) is 4, 8 or 16.
template <typename T, int N>
struct alignas(sizeof(T) * N) Vec {
    T at[N];
};

// Elements of 16 bytes: the widest access of a thread.
template <typename T>
constexpr int WIDE = 16 / sizeof(T);

// Whether a pointer may be read 16 bytes at a time.
__device__ __forceinline__ bool aligned16(const void* p) {
    return (reinterpret_cast<uintptr_t>(p) & 15) == 0;
}

__device__ __forceinline__ float warpSum(float x) {
#pragma unroll
    for (int offset = 16; offset > 0; offset >>= 1) {
        x += __shfl_xor_sync(0xffffffffu, x, offset);
    }
    return x;
}

__device__ __forceinline__ float warpMax(float x) {
#pragma unroll
    for (int offset = 16; offset > 0; offset >>= 1) {
        x = fmaxf(x, __shfl_xor_sync(0xffffffffu, x, offset));
    }
    return x;
}

// Sum over a team of TEAM threads, of which BLOCK / TEAM share a block, always in the same order.
// `parts` is BLOCK / 32 floats of shared memory that no other sum of the kernel uses.
template <int TEAM, int BLOCK>
__device__ __forceinline__ float teamSum(float x, float* parts) {
    x = warpSum(x);
    if constexpr (TEAM > 32) {
        int warp = threadIdx.x / 32;
        if (threadIdx.x % 32 == 0) {
            parts[warp] = x;
        }
        __syncthreads();
        int first = warp / (TEAM / 32) * (TEAM / 32);
        x = 0;
#pragma unroll
        for (int i = 0; i < TEAM / 32; i++) {
            x += parts[first + i];
        }
    }
    return x;
}

__device__ __forceinline__ float silu(float x) { return x / (1.0f + __expf(-x)); }

// Kernels that are launched while the one before drains call both, in every thread: first the
// permission for the next kernel, then, before touching what others wrote, the wait.
__device__ __forceinline__ void letNextStart() {
#if __CUDA_ARCH__ >= 900
    asm volatile("griddepcontrol.launch_dependents;");
#endif
}

__device__ __forceinline__ void waitForInputs() {
#if __CUDA_ARCH__ >= 900
    asm volatile("griddepcontrol.wait;" ::: "memory");
#endif
}

// Defines entry points NAME_f32, NAME_f16 and NAME_bf16 by a macro BODY(suffix, type).
#define FOR_FLOAT_TYPES(BODY) \
    BODY(f32, float)          \
    BODY(f16, f16)            \
    BODY(bf16, bf16)
