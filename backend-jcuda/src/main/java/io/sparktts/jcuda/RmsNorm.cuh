// How a row is scaled once its factor is known: what RMSNorm alone and inside products share.
#pragma once

#include "Common.cuh"

template <typename T>
__device__ __forceinline__ T scaled(float x, float factor, T weight) {
    // As published: to the dtype before the weight.
    return fromFloat<T>(toFloat(weight) * toFloat(fromFloat<T>(x * factor)));
}

// Pairs of short elements get the bits of the function above from fewer conversions, which are
// slow: the product of two such elements is exact in float32, so that rounding it is all there is.
template <typename T>
__device__ __forceinline__ void scale(Vec<T, WIDE<T>>& v, float factor,
                                      const Vec<T, WIDE<T>>& weight) {
    if constexpr (sizeof(T) == 2) {
        Pair<T>* out = reinterpret_cast<Pair<T>*>(v.at);
        const Pair<T>* w = reinterpret_cast<const Pair<T>*>(weight.at);
#pragma unroll
        for (int j = 0; j < WIDE<T> / 2; j++) {
            float low = toFloat(v.at[2 * j]) * factor;
            float high = toFloat(v.at[2 * j + 1]) * factor;
            out[j] = __hmul2(pairFromFloats<T>(low, high), w[j]);
        }
    } else {
#pragma unroll
        for (int j = 0; j < WIDE<T>; j++) {
            v.at[j] = scaled(toFloat(v.at[j]), factor, weight.at[j]);
        }
    }
}
