// out = x W^T + bias + residual for any size and alignment: what the tuned products leave over.
//
// A block makes a tile of 64 x 64 outputs. It walks along K in steps, bringing a slice of x and of W
// to shared memory element by element with zeros outside, so that no size is special. 16-bit types
// multiply on the tensor cores (mma.sync m16n8k16, four warps of 32 x 32 outputs each); float32
// stays true float32, 4 x 4 outputs per thread.
#include "TensorCores.cuh"

namespace {

constexpr int TILE = 64;

template <typename T, typename Out>
__device__ __forceinline__ void store(Out* out, float value, size_t row, size_t column, int m,
                                      int n, const T* bias, const T* residual) {
    if (row < m && column < n) {
        if (bias != nullptr) {
            value += toFloat(bias[column]);
        }
        if (residual != nullptr) {
            value += toFloat(residual[row * n + column]);
        }
        out[row * n + column] = fromFloat<Out>(value);
    }
}

// Rows first..first+63, columns k..k+STEP-1 of a row-major matrix, zeros outside.
template <typename T, int STEP, int PITCH>
__device__ __forceinline__ void load(T (*tile)[PITCH], const T* matrix, size_t first, size_t rows,
                                     int k, int columns, size_t pitch) {
    for (int i = threadIdx.x; i < TILE * STEP; i += blockDim.x) {
        size_t row = first + i / STEP;
        int column = k + i % STEP;
        tile[i / STEP][i % STEP] = row < rows && column < columns
                                       ? matrix[row * pitch + column]
                                       : fromFloat<T>(0.0f);
    }
}

template <typename T, typename Out>
__device__ __forceinline__ void tensorCores(Out* out, const T* x, const T* weight, const T* bias,
                                            const T* residual, int m, int n, int k, int pitch) {
    constexpr int STEP = 32;
    // 8 more elements per row keep the 8 rows of a fragment in different banks.
    __shared__ T a[TILE][STEP + 8];
    __shared__ T b[TILE][STEP + 8];
    size_t firstRow = static_cast<size_t>(blockIdx.y) * TILE;
    size_t firstColumn = static_cast<size_t>(blockIdx.x) * TILE;
    int warp = threadIdx.x / 32;
    int group = threadIdx.x % 32 / 4;
    int pair = threadIdx.x % 4 * 2;
    int rowOfWarp = warp / 2 * 32;
    int columnOfWarp = warp % 2 * 32;
    float c[2][4][4] = {};
    for (int at = 0; at < k; at += STEP) {
        __syncthreads();
        load<T, STEP>(a, x, firstRow, m, at, k, k);
        load<T, STEP>(b, weight, firstColumn, n, at, k, pitch);
        __syncthreads();
#pragma unroll
        for (int inner = 0; inner < STEP; inner += 16) {
            uint32_t fa[2][4];
#pragma unroll
            for (int i = 0; i < 2; i++) {
                const T* base = &a[rowOfWarp + i * 16 + group][inner + pair];
                fa[i][0] = *reinterpret_cast<const uint32_t*>(base);
                fa[i][1] = *reinterpret_cast<const uint32_t*>(base + 8 * (STEP + 8));
                fa[i][2] = *reinterpret_cast<const uint32_t*>(base + 8);
                fa[i][3] = *reinterpret_cast<const uint32_t*>(base + 8 * (STEP + 8) + 8);
            }
#pragma unroll
            for (int j = 0; j < 4; j++) {
                const T* base = &b[columnOfWarp + j * 8 + group][inner + pair];
                uint32_t b0 = *reinterpret_cast<const uint32_t*>(base);
                uint32_t b1 = *reinterpret_cast<const uint32_t*>(base + 8);
                mmaSync<T>(c[0][j], fa[0], b0, b1);
                mmaSync<T>(c[1][j], fa[1], b0, b1);
            }
        }
    }
#pragma unroll
    for (int i = 0; i < 2; i++) {
#pragma unroll
        for (int j = 0; j < 4; j++) {
#pragma unroll
            for (int e = 0; e < 4; e++) {
                size_t row = firstRow + rowOfWarp + i * 16 + group + e / 2 * 8;
                size_t column = firstColumn + columnOfWarp + j * 8 + pair + e % 2;
                store(out, c[i][j][e], row, column, m, n, bias, residual);
            }
        }
    }
}

__device__ __forceinline__ void trueFloat(float* out, const float* x, const float* weight,
                                          const float* bias, const float* residual, int m, int n,
                                          int k, int pitch) {
    constexpr int STEP = 16;
    __shared__ float a[TILE][STEP + 1];
    __shared__ float b[TILE][STEP + 1];
    size_t firstRow = static_cast<size_t>(blockIdx.y) * TILE;
    size_t firstColumn = static_cast<size_t>(blockIdx.x) * TILE;
    int ty = threadIdx.x / 16;
    int tx = threadIdx.x % 16;
    float c[4][4] = {};
    for (int at = 0; at < k; at += STEP) {
        __syncthreads();
        load<float, STEP>(a, x, firstRow, m, at, k, k);
        load<float, STEP>(b, weight, firstColumn, n, at, k, pitch);
        __syncthreads();
#pragma unroll
        for (int inner = 0; inner < STEP; inner++) {
            float fa[4];
            float fb[4];
#pragma unroll
            for (int i = 0; i < 4; i++) {
                fa[i] = a[ty + 16 * i][inner];
                fb[i] = b[tx + 16 * i][inner];
            }
#pragma unroll
            for (int i = 0; i < 4; i++) {
#pragma unroll
                for (int j = 0; j < 4; j++) {
                    c[i][j] += fa[i] * fb[j];
                }
            }
        }
    }
#pragma unroll
    for (int i = 0; i < 4; i++) {
#pragma unroll
        for (int j = 0; j < 4; j++) {
            store(out, c[i][j], firstRow + ty + 16 * i, firstColumn + tx + 16 * j, m, n, bias,
                  residual);
        }
    }
}

}  // namespace

#define ENTRY(name, type, outType)                                                                \
    extern "C" __global__ void __launch_bounds__(128)                                             \
        linear_##name(outType* out, const type* x, const type* weight, const type* bias,          \
                      const type* residual, int m, int n, int k, int pitch) {                     \
        tensorCores(out, x, weight, bias, residual, m, n, k, pitch);                              \
    }

ENTRY(f16_f16, f16, f16)
ENTRY(bf16_bf16, bf16, bf16)
ENTRY(f16_f32, f16, float)
ENTRY(bf16_f32, bf16, float)

extern "C" __global__ void __launch_bounds__(256)
    linear_f32_f32(float* out, const float* x, const float* weight, const float* bias,
                   const float* residual, int m, int n, int k, int pitch) {
    trueFloat(out, x, weight, bias, residual, m, n, k, pitch);
}
