// Hopper's own instructions: barriers in shared memory, the copy engine, and products on the
// warpgroup tensor cores. Only for code compiled for sm_90a.
#pragma once

#include "Common.cuh"

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

// Copies the box that starts at a row and a column of the map's matrix to shared memory.
__device__ __forceinline__ void copyBox(
        uint32_t to, const TensorMap* map, int row, int column, uint32_t barrier) {
    asm volatile(
            "cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes"
            " [%0], [%1, {%2, %3}], [%4];" ::"r"(to),
            "l"(map), "r"(column), "r"(row), "r"(barrier)
            : "memory");
}

// Shared memory operand with 128-byte swizzle; groups of 8 rows are 1024 bytes apart. A factor that is
// contiguous along the reduction does not use the leading stride; of one that is contiguous along the
// result's columns (attention's values) one swizzle atom holds all 64, and the stride is that along
// the reduction.
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
#define MULTIPLY_128(type)                                                                        \
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
__device__ __forceinline__ void multiply128(
        float (&d)[64], uint64_t a, uint64_t b, int accumulate) {
    if constexpr (std::is_same_v<T, bf16>) {
        MULTIPLY_128("bf16");
    } else {
        MULTIPLY_128("f16");
    }
}

// d (64 x 240) (+)= a (64 x 16) times the transpose of b (240 x 16), both in shared memory.
#define MULTIPLY_240(type)                                                                         \
    asm volatile(                                                                                  \
            "{\n.reg .pred p;\nsetp.ne.b32 p, %122, 0;\n"                                          \
            "wgmma.mma_async.sync.aligned.m64n240k16.f32." type "." type " {"                      \
            "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, %16, "          \
            "%17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, "          \
            "%32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, "          \
            "%47, %48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, "          \
            "%62, %63, %64, %65, %66, %67, %68, %69, %70, %71, %72, %73, %74, %75, %76, "          \
            "%77, %78, %79, %80, %81, %82, %83, %84, %85, %86, %87, %88, %89, %90, %91, "          \
            "%92, %93, %94, %95, %96, %97, %98, %99, %100, %101, %102, %103, %104, "               \
            "%105, %106, %107, %108, %109, %110, %111, %112, %113, %114, %115, %116, "             \
            "%117, %118, %119}, "                                                                  \
            "%120, %121, p, 1, 1, 0, 0;\n}\n"                                                      \
            : RESULT_8(0), RESULT_8(8), RESULT_8(16), RESULT_8(24), RESULT_8(32), RESULT_8(40),    \
              RESULT_8(48), RESULT_8(56), RESULT_8(64), RESULT_8(72), RESULT_8(80), RESULT_8(88),  \
              RESULT_8(96), RESULT_8(104), RESULT_8(112)                                           \
            : "l"(a), "l"(b), "r"(accumulate))

template <typename T>
__device__ __forceinline__ void multiply240(
        float (&d)[120], uint64_t a, uint64_t b, int accumulate) {
    if constexpr (std::is_same_v<T, bf16>) {
        MULTIPLY_240("bf16");
    } else {
        MULTIPLY_240("f16");
    }
}

// d (64 x 256) (+)= a (64 x 16) times the transpose of b (256 x 16), both in shared memory.
#define MULTIPLY_256(type)                                                                         \
    asm volatile(                                                                                  \
            "{\n.reg .pred p;\nsetp.ne.b32 p, %130, 0;\n"                                          \
            "wgmma.mma_async.sync.aligned.m64n256k16.f32." type "." type " {"                      \
            "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, %16, %17, " \
            "%18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, %32, %33, " \
            "%34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, %48, %49, " \
            "%50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63, %64, %65, " \
            "%66, %67, %68, %69, %70, %71, %72, %73, %74, %75, %76, %77, %78, %79, %80, %81, " \
            "%82, %83, %84, %85, %86, %87, %88, %89, %90, %91, %92, %93, %94, %95, %96, %97, " \
            "%98, %99, %100, %101, %102, %103, %104, %105, %106, %107, %108, %109, %110, " \
            "%111, %112, %113, %114, %115, %116, %117, %118, %119, %120, %121, %122, %123, " \
            "%124, %125, %126, %127}, " \
            "%128, %129, p, 1, 1, 0, 0;\n}\n"                                                      \
            : RESULT_8(0), RESULT_8(8), RESULT_8(16), RESULT_8(24), RESULT_8(32), RESULT_8(40),    \
              RESULT_8(48), RESULT_8(56), RESULT_8(64), RESULT_8(72), RESULT_8(80), RESULT_8(88),    \
              RESULT_8(96), RESULT_8(104), RESULT_8(112), RESULT_8(120)    \
            : "l"(a), "l"(b), "r"(accumulate))

template <typename T>
__device__ __forceinline__ void multiply256(
        float (&d)[128], uint64_t a, uint64_t b, int accumulate) {
    if constexpr (std::is_same_v<T, bf16>) {
        MULTIPLY_256("bf16");
    } else {
        MULTIPLY_256("f16");
    }
}
