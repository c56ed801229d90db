// Hopper's own instructions as the attention kernel uses them. Only for code compiled for sm_90a.
#pragma once

#include "AttentionCommon.cuh"
#include "Hopper.cuh"

// d (64 x 64) (+)= a (64 x 16, registers) times b (16 x 64, shared memory).
#define MULTIPLY_VALUES(type)                                                                      \
    asm volatile(                                                                                  \
            "{\n.reg .pred p;\nsetp.ne.b32 p, %37, 0;\n"                                           \
            "wgmma.mma_async.sync.aligned.m64n64k16.f32." type "." type " "                        \
            "{%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "              \
            "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31}, "    \
            "{%32, %33, %34, %35}, %36, p, 1, 1, 1;\n}\n"                                          \
            : RESULT_8(0), RESULT_8(8), RESULT_8(16), RESULT_8(24)                                 \
            : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b), "r"(accumulate))

template <typename T>
__device__ __forceinline__ void multiplyValues(
        float (&d)[32], const uint32_t (&a)[4], uint64_t b, int accumulate) {
    if constexpr (std::is_same_v<T, bf16>) {
        MULTIPLY_VALUES("bf16");
    } else {
        MULTIPLY_VALUES("f16");
    }
}
