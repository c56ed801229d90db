// What both samplers share: logits as integers that sort like them, and the random draw.
#pragma once

#include "Common.cuh"

using u32 = unsigned int;
using u64 = unsigned long long;

constexpr u32 FULL = 0xffffffffu;

// An unsigned integer in the order of the floats; both zeros are one. Every key is above 0 but that
// of a negative NaN.
__device__ __forceinline__ u32 keyOf(float x) {
    u32 bits = __float_as_uint(x + 0.0f);
    return bits ^ ((bits >> 31) != 0 ? 0xffffffffu : 0x80000000u);
}

__device__ __forceinline__ float valueOf(u32 key) {
    return __uint_as_float(key ^ ((key >> 31) != 0 ? 0x80000000u : 0xffffffffu));
}

// The first word of Philox4x32-10 for a row's state: seed low, seed high, sequence, position. Its
// upper 24 bits are the draw.
__device__ __forceinline__ u32 philox(const int* state) {
    u32 k0 = state[0];
    u32 k1 = state[1];
    u32 c0 = state[3];
    u32 c1 = state[2];
    u32 c2 = 0;
    u32 c3 = 0;
#pragma unroll
    for (int round = 0; round < 10; round++) {
        u32 n0 = __umulhi(0xCD9E8D57u, c2) ^ c1 ^ k0;
        u32 n2 = __umulhi(0xD2511F53u, c0) ^ c3 ^ k1;
        c1 = 0xCD9E8D57u * c2;
        c3 = 0xD2511F53u * c0;
        c0 = n0;
        c2 = n2;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    return c0;
}
