// Sums, activations and conversions, element by element: each thread moves 16 bytes where pointers
// and lengths allow it, else one element.
#include "Common.cuh"

namespace {

__device__ __forceinline__ size_t index() {
    return static_cast<size_t>(blockIdx.x) * blockDim.x + threadIdx.x;
}

template <typename T>
__device__ __forceinline__ void add(T* out, const T* a, const T* b, long n, int wide) {
    size_t i = index();
    if (wide) {
        constexpr int W = WIDE<T>;
        if (i * W < n) {
            Vec<T, W> x = reinterpret_cast<const Vec<T, W>*>(a)[i];
            Vec<T, W> y = reinterpret_cast<const Vec<T, W>*>(b)[i];
#pragma unroll
            for (int j = 0; j < W; j++) {
                x.at[j] = fromFloat<T>(toFloat(x.at[j]) + toFloat(y.at[j]));
            }
            reinterpret_cast<Vec<T, W>*>(out)[i] = x;
        }
    } else if (i < n) {
        out[i] = fromFloat<T>(toFloat(a[i]) + toFloat(b[i]));
    }
}

// gateUp holds n gates, then n ups in each row; the grid's y is the row.
template <typename T>
__device__ __forceinline__ void siluMul(T* out, const T* gateUp, int rows, int n, int wide) {
    size_t column = index();
    for (size_t row = blockIdx.y; row < rows; row += gridDim.y) {
        const T* gate = gateUp + row * 2 * n;
        const T* up = gate + n;
        T* to = out + row * n;
        if (wide) {
            constexpr int W = WIDE<T>;
            if (column * W < n) {
                Vec<T, W> g = reinterpret_cast<const Vec<T, W>*>(gate)[column];
                Vec<T, W> u = reinterpret_cast<const Vec<T, W>*>(up)[column];
#pragma unroll
                for (int j = 0; j < W; j++) {
                    g.at[j] = fromFloat<T>(silu(toFloat(g.at[j])) * toFloat(u.at[j]));
                }
                reinterpret_cast<Vec<T, W>*>(to)[column] = g;
            }
        } else if (column < n) {
            to[column] = fromFloat<T>(silu(toFloat(gate[column])) * toFloat(up[column]));
        }
    }
}

}  // namespace

#define ENTRIES(suffix, type)                                                                    \
    extern "C" __global__ void add_##suffix(type* out, const type* a, const type* b, long n,     \
                                            int wide) {                                          \
        letNextStart();                                                                             \
        waitForInputs();                                                                            \
        add(out, a, b, n, wide);                                                                 \
    }                                                                                            \
    extern "C" __global__ void siluMul_##suffix(type* out, const type* gateUp, int rows, int n,  \
                                                int wide) {                                      \
        letNextStart();                                                                             \
        waitForInputs();                                                                            \
        siluMul(out, gateUp, rows, n, wide);                                                     \
    }

FOR_FLOAT_TYPES(ENTRIES)
