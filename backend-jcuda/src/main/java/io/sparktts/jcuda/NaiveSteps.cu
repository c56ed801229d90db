// The steps of the naive variants: one kernel per elementary operation, each reading and writing
// memory, its result rounded to the dtype, as a framework runs them that fuses nothing.
#include "Common.cuh"

namespace {

struct Square {
    __device__ static float of(float x, float) { return x * x; }
};
struct AddScalar {
    __device__ static float of(float x, float s) { return x + s; }
};
struct ReciprocalRoot {
    __device__ static float of(float x, float) { return rsqrtf(x); }
};
struct Exponential {
    __device__ static float of(float x, float) { return expf(x); }
};
struct Silu {
    __device__ static float of(float x, float) { return x / (1.0f + expf(-x)); }
};
struct Copy {
    __device__ static float of(float x, float) { return x; }
};

// out[row, column] = f(x[row * pitch + column], scalar)
template <typename F, typename To, typename From>
__device__ __forceinline__ void map(To* out, const From* x, long elements, int n, long pitch,
                                    float scalar) {
    long i = static_cast<long>(blockIdx.x) * blockDim.x + threadIdx.x;
    if (i < elements) {
        out[i] = fromFloat<To>(F::of(toFloat(x[i / n * pitch + i % n]), scalar));
    }
}

struct Times {
    __device__ static float of(float a, float b) { return a * b; }
};
struct Minus {
    __device__ static float of(float a, float b) { return a - b; }
};
struct Over {
    __device__ static float of(float a, float b) { return a / b; }
};

// out[i] = f(a[i], b[...]), b walked by its own strides, so that rows and columns broadcast.
template <typename F, typename T, typename B>
__device__ __forceinline__ void zip(T* out, const T* a, const B* b, long elements, int n,
                                    long rowStride, long columnStride) {
    long i = static_cast<long>(blockIdx.x) * blockDim.x + threadIdx.x;
    if (i < elements) {
        out[i] = fromFloat<T>(
            F::of(toFloat(a[i]), toFloat(b[i / n * rowStride + i % n * columnStride])));
    }
}

struct Sum {
    static constexpr float START = 0;
    __device__ static float of(float a, float b) { return a + b; }
};
struct Maximum {
    static constexpr float START = -INFINITY;
    __device__ static float of(float a, float b) { return fmaxf(a, b); }
};

// One block per row.
template <typename F, typename T>
__device__ __forceinline__ void reduce(float* out, const T* x, int n, float scale) {
    __shared__ float parts[32];
    size_t start = static_cast<size_t>(blockIdx.x) * n;
    float v = F::START;
    for (int i = threadIdx.x; i < n; i += blockDim.x) {
        v = F::of(v, toFloat(x[start + i]));
    }
    for (int offset = 16; offset > 0; offset >>= 1) {
        v = F::of(v, __shfl_xor_sync(0xffffffffu, v, offset));
    }
    if (threadIdx.x % 32 == 0) {
        parts[threadIdx.x / 32] = v;
    }
    __syncthreads();
    if (threadIdx.x == 0) {
        for (int i = 1; i < blockDim.x / 32; i++) {
            v = F::of(v, parts[i]);
        }
        out[blockIdx.x] = v * scale;
    }
}

// The turning heads of joined rows, [tokens, heads, 2 * half], taken from rows of width elements.
template <typename T>
__device__ __forceinline__ void rotateHalf(T* out, const T* qkv, long elements, int turned,
                                           int width, int half) {
    long i = static_cast<long>(blockIdx.x) * blockDim.x + threadIdx.x;
    if (i < elements) {
        long token = i / turned;
        int column = i % turned;
        const T* row = qkv + token * width;
        out[i] = column % (2 * half) < half ? fromFloat<T>(-toFloat(row[column + half]))
                                            : row[column - half];
    }
}

// out = x * table[position], the table rounded to the dtype.
template <typename T>
__device__ __forceinline__ void timesTable(T* out, const T* x, long elements, int turned,
                                           int width, int half, const int* positions,
                                           const float* table) {
    long i = static_cast<long>(blockIdx.x) * blockDim.x + threadIdx.x;
    if (i < elements) {
        long token = i / turned;
        int column = i % turned;
        int position = max(positions[token], 0);
        float t = toFloat(fromFloat<T>(table[static_cast<long>(position) * half + column % half]));
        out[i] = fromFloat<T>(toFloat(x[token * width + column]) * t);
    }
}

template <typename T>
__device__ __forceinline__ void addInto(T* qkv, const T* a, const T* b, long elements, int turned,
                                        int width, const int* positions) {
    long i = static_cast<long>(blockIdx.x) * blockDim.x + threadIdx.x;
    if (i < elements && positions[i / turned] >= 0) {
        qkv[i / turned * width + i % turned] = fromFloat<T>(toFloat(a[i]) + toFloat(b[i]));
    }
}

}  // namespace

#define MAP(name, F, to, from, suffix)                                                            \
    extern "C" __global__ void name##_##suffix(to* out, const from* x, long elements, int n,      \
                                               long pitch, float scalar) {                        \
        map<F>(out, x, elements, n, pitch, scalar);                                               \
    }

#define ZIP(name, F, type, other, suffix)                                                         \
    extern "C" __global__ void name##_##suffix(type* out, const type* a, const other* b,          \
                                               long elements, int n, long rowStride,              \
                                               long columnStride) {                               \
        zip<F>(out, a, b, elements, n, rowStride, columnStride);                                  \
    }

#define ENTRIES(suffix, type)                                                                     \
    MAP(widen, Copy, float, type, suffix)                                                         \
    MAP(round, Copy, type, float, suffix)                                                         \
    MAP(silu, Silu, type, type, suffix)                                                           \
    MAP(exponential, Exponential, type, type, suffix)                                             \
    ZIP(times, Times, type, type, suffix)                                                         \
    extern "C" __global__ void rotateHalf_##suffix(type* out, const type* qkv, long elements,     \
                                                   int turned, int width, int half) {             \
        rotateHalf(out, qkv, elements, turned, width, half);                                      \
    }                                                                                             \
    extern "C" __global__ void timesTable_##suffix(type* out, const type* x, long elements,       \
                                                   int turned, int width, int half,               \
                                                   const int* positions, const float* table) {    \
        timesTable(out, x, elements, turned, width, half, positions, table);                      \
    }                                                                                             \
    extern "C" __global__ void addInto_##suffix(type* qkv, const type* a, const type* b,          \
                                                long elements, int turned, int width,             \
                                                const int* positions) {                           \
        addInto(qkv, a, b, elements, turned, width, positions);                                   \
    }                                                                                             \
    extern "C" __global__ void maximum_##suffix(float* out, const type* x, int n, float scale) {  \
        reduce<Maximum>(out, x, n, scale);                                                        \
    }

FOR_FLOAT_TYPES(ENTRIES)

MAP(square, Square, float, float, f32)
MAP(addScalar, AddScalar, float, float, f32)
MAP(reciprocalRoot, ReciprocalRoot, float, float, f32)
ZIP(minus, Minus, float, float, f32)
ZIP(over, Over, float, float, f32)
extern "C" __global__ void sum_f32(float* out, const float* x, int n, float scale) {
    reduce<Sum>(out, x, n, scale);
}
