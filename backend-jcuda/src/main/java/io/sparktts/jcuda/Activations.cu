// Functions of one element, alone or with factors of its column. Each thread handles W adjacent
// elements: 16 bytes where pointers and widths allow it, else one.
#include "Codec.cuh"

namespace {

struct Gelu {
    static __device__ __forceinline__ float of(float x) { return geluOf(x); }
};

struct Relu {
    // Written so that a NaN stays one.
    static __device__ __forceinline__ float of(float x) { return x < 0.0f ? 0.0f : x; }
};

struct Sigmoid {
    static __device__ __forceinline__ float of(float x) { return 1.0f / (1.0f + expf(-x)); }
};

struct Tanh {
    static __device__ __forceinline__ float of(float x) { return tanhf(x); }
};

template <int W, typename F, typename T>
__device__ __forceinline__ void activate(T* out, const T* x, size_t elements) {
    size_t i = threadOfGrid() * W;
    if (i < elements) {
        Vec<T, W> v = load<W>(x + i);
#pragma unroll
        for (int j = 0; j < W; j++) {
            v.at[j] = fromFloat<T>(F::of(toFloat(v.at[j])));
        }
        store(out + i, v);
    }
}

// A row of x holds n values, then n gates.
template <int W, typename T>
__device__ __forceinline__ void geglu(T* out, const T* x, size_t elements, int n) {
    size_t i = threadOfGrid() * W;
    if (i < elements) {
        const T* value = x + i + i / n * n;
        Vec<T, W> v = load<W>(value);
        Vec<T, W> gate = load<W>(value + n);
#pragma unroll
        for (int j = 0; j < W; j++) {
            v.at[j] = fromFloat<T>(toFloat(v.at[j]) * geluOf(toFloat(gate.at[j])));
        }
        store(out + i, v);
    }
}

// shift may be null.
template <int W, typename T>
__device__ __forceinline__ void affine(T* out, const T* x, const T* scale, const T* shift,
                                       size_t elements, int n) {
    size_t i = threadOfGrid() * W;
    if (i < elements) {
        size_t column = i % n;
        Vec<T, W> v = load<W>(x + i);
        Vec<T, W> factor = load<W>(scale + column);
        Vec<T, W> added = shift == nullptr ? Vec<T, W>{} : load<W>(shift + column);
#pragma unroll
        for (int j = 0; j < W; j++) {
            float b = shift == nullptr ? 0.0f : toFloat(added.at[j]);
            v.at[j] = fromFloat<T>(fmaf(toFloat(v.at[j]), toFloat(factor.at[j]), b));
        }
        store(out + i, v);
    }
}

template <int W, typename T>
__device__ __forceinline__ void snake(T* out, const T* x, const T* alpha, size_t elements, int n) {
    size_t i = threadOfGrid() * W;
    if (i < elements) {
        Vec<T, W> v = load<W>(x + i);
        Vec<T, W> a = load<W>(alpha + i % n);
#pragma unroll
        for (int j = 0; j < W; j++) {
            v.at[j] = fromFloat<T>(snakeOf(toFloat(v.at[j]), toFloat(a.at[j])));
        }
        store(out + i, v);
    }
}

}  // namespace

#define ACTIVATION(name, suffix, type, function)                                               \
    extern "C" __global__ void name##_##suffix(type* out, const type* x, size_t elements,      \
                                               int wide) {                                     \
        letNextStart();                                                                        \
        waitForInputs();                                                                       \
        if (wide) {                                                                            \
            activate<WIDE<type>, function>(out, x, elements);                                  \
        } else {                                                                               \
            activate<1, function>(out, x, elements);                                           \
        }                                                                                      \
    }

#define ENTRIES(suffix, type)                                                                  \
    ACTIVATION(gelu, suffix, type, Gelu)                                                       \
    ACTIVATION(relu, suffix, type, Relu)                                                       \
    ACTIVATION(sigmoid, suffix, type, Sigmoid)                                                 \
    ACTIVATION(tanh, suffix, type, Tanh)                                                       \
    extern "C" __global__ void geglu_##suffix(type* out, const type* x, size_t elements,       \
                                              int n, int wide) {                               \
        letNextStart();                                                                        \
        waitForInputs();                                                                       \
        if (wide) {                                                                            \
            geglu<WIDE<type>>(out, x, elements, n);                                            \
        } else {                                                                               \
            geglu<1>(out, x, elements, n);                                                     \
        }                                                                                      \
    }                                                                                          \
    extern "C" __global__ void affine_##suffix(type* out, const type* x, const type* scale,    \
                                               const type* shift, size_t elements, int n,      \
                                               int wide) {                                     \
        letNextStart();                                                                        \
        waitForInputs();                                                                       \
        if (wide) {                                                                            \
            affine<WIDE<type>>(out, x, scale, shift, elements, n);                             \
        } else {                                                                               \
            affine<1>(out, x, scale, shift, elements, n);                                      \
        }                                                                                      \
    }                                                                                          \
    extern "C" __global__ void snake_##suffix(type* out, const type* x, const type* alpha,     \
                                              size_t elements, int n, int wide) {              \
        letNextStart();                                                                        \
        waitForInputs();                                                                       \
        if (wide) {                                                                            \
            snake<WIDE<type>>(out, x, alpha, elements, n);                                     \
        } else {                                                                               \
            snake<1>(out, x, alpha, elements, n);                                              \
        }                                                                                      \
    }

FOR_FLOAT_TYPES(ENTRIES)
