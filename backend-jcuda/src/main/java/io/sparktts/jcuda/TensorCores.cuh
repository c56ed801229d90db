// The tensor cores' product that every GPU from compute capability 8.0 on has.
#pragma once

#include "Common.cuh"

#include <type_traits>

// d (16 x 8) += a (16 x 16) b (16 x 8), of float16 or bfloat16 with sums in float32. A lane has, of
// a, pairs of row g = lane / 4 (a0, a2) and row g + 8 (a1, a3), of b, pairs of column g, and of d,
// pairs of rows g and g + 8.
template <typename T>
__device__ __forceinline__ void mmaSync(float (&d)[4], uint32_t a0, uint32_t a1, uint32_t a2,
                                        uint32_t a3, uint32_t b0, uint32_t b1) {
    if constexpr (std::is_same_v<T, bf16>) {
        asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, "
            "{%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
            : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
            : "r"(a0), "r"(a1), "r"(a2), "r"(a3), "r"(b0), "r"(b1));
    } else {
        asm("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, "
            "{%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
            : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
            : "r"(a0), "r"(a1), "r"(a2), "r"(a3), "r"(b0), "r"(b1));
    }
}

template <typename T>
__device__ __forceinline__ void mmaSync(float (&d)[4], const uint32_t (&a)[4], uint32_t b0,
                                        uint32_t b1) {
    mmaSync<T>(d, a[0], a[1], a[2], a[3], b0, b1);
}
