// Means of columns, and copies of some columns of a matrix to another.
//
// A mean's block makes 32 adjacent columns: its 32 warps read every 32nd row each, a lane per column
// so that loads are adjacent, and the first warp adds the warps' sums up in order.
#include "Codec.cuh"

namespace {

constexpr int WARPS = 32;

template <typename T>
__device__ __forceinline__ void columnMean(T* out, const T* x, int rows, int n) {
    __shared__ float sums[WARPS][32];
    int lane = threadIdx.x % 32;
    int warp = threadIdx.x / 32;
    int column = blockIdx.x * 32 + lane;
    float sum = 0;
    if (column < n) {
        for (int row = warp; row < rows; row += WARPS) {
            sum += toFloat(x[static_cast<size_t>(row) * n + column]);
        }
    }
    sums[warp][lane] = sum;
    __syncthreads();
    if (warp == 0 && column < n) {
        float total = 0;
#pragma unroll
        for (int i = 0; i < WARPS; i++) {
            total += sums[i][lane];
        }
        out[column] = fromFloat<T>(total / rows);
    }
}

// out and x start at the first column to copy; pitches are the matrices' widths.
template <int W, typename T>
__device__ __forceinline__ void copyColumns(T* out, int outPitch, const T* x, int xPitch,
                                            size_t elements, int columns) {
    size_t i = threadOfGrid() * W;
    if (i < elements) {
        size_t row = i / columns;
        size_t column = i % columns;
        store(out + row * outPitch + column, load<W>(x + row * xPitch + column));
    }
}

}  // namespace

#define ENTRIES(suffix, type)                                                                  \
    extern "C" __global__ void __launch_bounds__(WARPS * 32)                                   \
        columnMean_##suffix(type* out, const type* x, int rows, int n) {                       \
        letNextStart();                                                                        \
        waitForInputs();                                                                       \
        columnMean(out, x, rows, n);                                                           \
    }                                                                                          \
    extern "C" __global__ void copyColumns_##suffix(type* out, int outPitch, const type* x,    \
                                                    int xPitch, size_t elements, int columns,  \
                                                    int wide) {                                \
        letNextStart();                                                                        \
        waitForInputs();                                                                       \
        if (wide) {                                                                            \
            copyColumns<WIDE<type>>(out, outPitch, x, xPitch, elements, columns);              \
        } else {                                                                               \
            copyColumns<1>(out, outPitch, x, xPitch, elements, columns);                       \
        }                                                                                      \
    }

FOR_FLOAT_TYPES(ENTRIES)
