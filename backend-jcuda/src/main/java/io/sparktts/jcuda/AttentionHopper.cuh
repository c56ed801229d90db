// Hopper's own instructions for the attention kernel: barriers in shared memory, the copy engine,
// and products on the warpgroup tensor cores. Only for code compiled for sm_90a.
#pragma once

#include "AttentionCommon.cuh"

#include <type_traits>

// A CUtensorMap.
struct alignas(64) TensorMap {
    char bytes[128];
};

__device__ __forceinline__ uint32_t sharedAddress(const void* p) {
    return static_cast<uint32_t>(__cvta_generic_to_shared(p));
}

__device__ __forceinline__ void barrierInit(uint32_t barrier, int arrivals) {
    asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(barrier), "r"(arrivals));
}

__device__ __forceinline__ void barrierArrive(uint32_t barrier) {
    asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(barrier) : "memory");
}

__device__ __forceinline__ void barrierExpect(uint32_t barrier, int bytes) {
    asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(barrier), "r"(bytes)
                 : "memory");
}

__device__ __forceinline__ void barrierWait(uint32_t barrier, uint32_t parity) {
    uint32_t done;
    do {
        asm volatile(
                "{\n.reg .pred p;\n"
                "mbarrier.try_wait.parity.shared::cta.b64 p, [%1], %2;\n"
                "selp.u32 %0, 1, 0, p;\n}\n"
                : "=r"(done)
                : "r"(barrier), "r"(parity)
                : "memory");
    } while (done == 0);
}

// A barrier of the 128 threads of a warpgroup; constant numbers reserve no more than is used.
__device__ __forceinline__ void warpgroupBarrier() {
    switch (threadIdx.x / 128) {
        case 0:
            asm volatile("bar.sync 1, 128;" ::: "memory");
            break;
        case 1:
            asm volatile("bar.sync 2, 128;" ::: "memory");
            break;
        default:
            asm volatile("bar.sync 3, 128;" ::: "memory");
    }
}

// Copies a tile of rows from row `row` of the map's matrix to shared memory.
__device__ __forceinline__ void copyTile(
        uint32_t to, const TensorMap* map, int row, uint32_t barrier) {
    asm volatile(
            "cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes"
            " [%0], [%1, {%2, %3}], [%4];" ::"r"(to),
            "l"(map), "r"(0), "r"(row), "r"(barrier)
            : "memory");
}

// Shared memory operand with 128-byte swizzle; groups of 8 rows are 1024 bytes apart. Keys are
// contiguous along the reduction (head width), where the leading stride is unused; values along the
// result's columns, where one swizzle atom holds all 64 and the stride is that along the reduction.
__device__ __forceinline__ uint64_t operand(uint32_t address) {
    return static_cast<uint64_t>((address & 0x3ffff) >> 4) | 64ull << 16 | 64ull << 32 | 1ull << 62;
}

__device__ __forceinline__ void productsBegin() {
    asm volatile("wgmma.fence.sync.aligned;" ::: "memory");
}

__device__ __forceinline__ void productsCommit() {
    asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");
}

template <int PENDING>
__device__ __forceinline__ void productsWait() {
    asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(PENDING) : "memory");
}

// Keeps uses of registers that a wgmma reads or writes on their side of a wait.
template <int N>
__device__ __forceinline__ void pin(float (&d)[N]) {
#pragma unroll
    for (int i = 0; i < N; i++) {
        asm volatile("" : "+f"(d[i])::"memory");
    }
}
template <int N>
__device__ __forceinline__ void pin(uint32_t (&a)[N][4]) {
#pragma unroll
    for (int i = 0; i < N; i++) {
        asm volatile("" : "+r"(a[i][0]), "+r"(a[i][1]), "+r"(a[i][2]), "+r"(a[i][3])::"memory");
    }
}

// Eight accumulators of an instruction, in and out.
#define RESULT_8(i)                                                                                \
    "+f"(d[i]), "+f"(d[i + 1]), "+f"(d[i + 2]), "+f"(d[i + 3]), "+f"(d[i + 4]),                    \
            "+f"(d[i + 5]), "+f"(d[i + 6]), "+f"(d[i + 7])

// d (64 x 128) (+)= a (64 x 16) times the transpose of b (128 x 16), both in shared memory.
#define MULTIPLY_KEYS(type)                                                                        \
    asm volatile(                                                                                  \
            "{\n.reg .pred p;\nsetp.ne.b32 p, %66, 0;\n"                                           \
            "wgmma.mma_async.sync.aligned.m64n128k16.f32." type "." type " "                       \
            "{%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "              \
            "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, "     \
            "%32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, "     \
            "%48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63}, "    \
            "%64, %65, p, 1, 1, 0, 0;\n}\n"                                                        \
            : RESULT_8(0), RESULT_8(8), RESULT_8(16), RESULT_8(24), RESULT_8(32), RESULT_8(40),    \
              RESULT_8(48), RESULT_8(56)                                                           \
            : "l"(a), "l"(b), "r"(accumulate))

template <typename T>
__device__ __forceinline__ void multiplyKeys(
        float (&d)[64], uint64_t a, uint64_t b, int accumulate) {
    if constexpr (std::is_same_v<T, bf16>) {
        MULTIPLY_KEYS("bf16");
    } else {
        MULTIPLY_KEYS("f16");
    }
}

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
