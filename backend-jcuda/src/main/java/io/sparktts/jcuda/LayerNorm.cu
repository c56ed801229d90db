// Layer normalisation of rows, alone or of a depthwise convolution's output.
//
// As in RmsNorm.cu, a row stays in the registers of one team of threads, so that memory sees each
// element once and the variance is the mean of squared differences from the mean, without the
// cancellation of E[x^2] - E[x]^2. Rows that are no multiple of 16 bytes, not aligned, or too long
// take a scalar path that reads them three times. The depthwise convolution before a norm is
// computed by the row's block on its way into the registers.
#include "Codec.cuh"

namespace {

constexpr int BLOCK = 256;
constexpr int WARPS = BLOCK / 32;

template <int TEAM, int VECTORS, typename T>
__device__ __forceinline__ void vectorRows(T* out, const T* x, const T* weight, const T* bias,
                                           float epsilon, int rows, int n) {
    constexpr int W = WIDE<T>;
    __shared__ float parts[2][WARPS];
    int row = blockIdx.x * (BLOCK / TEAM) + threadIdx.x / TEAM;
    int lane = threadIdx.x % TEAM;
    // A team is at least a warp, so only whole warps have no row; they take part in barriers.
    bool live = row < rows;
    size_t start = static_cast<size_t>(live ? row : 0) * n;
    waitForInputs();
    Vec<T, W> v[VECTORS];
    float sum = 0;
#pragma unroll
    for (int i = 0; i < VECTORS; i++) {
        int column = (i * TEAM + lane) * W;
        if (live && column < n) {
            v[i] = load<W>(x + start + column);
        }
    }
#pragma unroll
    for (int i = 0; i < VECTORS; i++) {
        if (live && (i * TEAM + lane) * W < n) {
#pragma unroll
            for (int j = 0; j < W; j++) {
                sum += toFloat(v[i].at[j]);
            }
        }
    }
    // Not before the row is read: waiting blocks would take the place of working ones.
    letNextStart();
    float mean = teamSum<TEAM, BLOCK>(sum, parts[0]) / n;
    float squares = 0;
#pragma unroll
    for (int i = 0; i < VECTORS; i++) {
        if (live && (i * TEAM + lane) * W < n) {
#pragma unroll
            for (int j = 0; j < W; j++) {
                float d = toFloat(v[i].at[j]) - mean;
                squares += d * d;
            }
        }
    }
    float factor = rsqrtf(teamSum<TEAM, BLOCK>(squares, parts[1]) / n + epsilon);
#pragma unroll
    for (int i = 0; i < VECTORS; i++) {
        int column = (i * TEAM + lane) * W;
        if (live && column < n) {
            Vec<T, W> w = load<W>(weight + column);
            Vec<T, W> b = load<W>(bias + column);
#pragma unroll
            for (int j = 0; j < W; j++) {
                float normed = (toFloat(v[i].at[j]) - mean) * factor;
                v[i].at[j] = fromFloat<T>(fmaf(normed, toFloat(w.at[j]), toFloat(b.at[j])));
            }
            store(out + start + column, v[i]);
        }
    }
}

// One block per row, any length and alignment.
template <typename T>
__device__ __forceinline__ void scalarRow(T* out, const T* x, const T* weight, const T* bias,
                                          float epsilon, int n) {
    __shared__ float parts[2][WARPS];
    size_t start = static_cast<size_t>(blockIdx.x) * n;
    waitForInputs();
    float sum = 0;
    for (int i = threadIdx.x; i < n; i += BLOCK) {
        sum += toFloat(x[start + i]);
    }
    letNextStart();
    float mean = teamSum<BLOCK, BLOCK>(sum, parts[0]) / n;
    float squares = 0;
    for (int i = threadIdx.x; i < n; i += BLOCK) {
        float d = toFloat(x[start + i]) - mean;
        squares += d * d;
    }
    float factor = rsqrtf(teamSum<BLOCK, BLOCK>(squares, parts[1]) / n + epsilon);
    for (int i = threadIdx.x; i < n; i += BLOCK) {
        float normed = (toFloat(x[start + i]) - mean) * factor;
        out[start + i] = fromFloat<T>(fmaf(normed, toFloat(weight[i]), toFloat(bias[i])));
    }
}

// out = norm(depthwise(x)): one block per output frame, PER_THREAD channels in each thread.
template <int PER_THREAD, typename T>
__device__ __forceinline__ void depthwiseRow(T* out, const T* x, const T* taps, const T* tapBias,
                                             const T* weight, const T* bias, float epsilon,
                                             int frames, int n, Window window) {
    __shared__ float parts[2][WARPS];
    int row = blockIdx.x;
    waitForInputs();
    float v[PER_THREAD];
    float sum = 0;
#pragma unroll
    for (int i = 0; i < PER_THREAD; i++) {
        int channel = i * BLOCK + threadIdx.x;
        v[i] = channel < n ? depthwiseOf(x, taps, tapBias, frames, n, window, row, channel) : 0.0f;
        sum += v[i];
    }
    letNextStart();
    float mean = teamSum<BLOCK, BLOCK>(sum, parts[0]) / n;
    float squares = 0;
#pragma unroll
    for (int i = 0; i < PER_THREAD; i++) {
        float d = i * BLOCK + threadIdx.x < n ? v[i] - mean : 0.0f;
        squares += d * d;
    }
    float factor = rsqrtf(teamSum<BLOCK, BLOCK>(squares, parts[1]) / n + epsilon);
#pragma unroll
    for (int i = 0; i < PER_THREAD; i++) {
        int channel = i * BLOCK + threadIdx.x;
        if (channel < n) {
            float normed = (v[i] - mean) * factor;
            out[static_cast<size_t>(row) * n + channel] =
                fromFloat<T>(fmaf(normed, toFloat(weight[channel]), toFloat(bias[channel])));
        }
    }
}

}  // namespace

// Vectors per thread: 1024 elements of 2 bytes are 128 vectors, of 4 bytes 256.
#define VECTOR_ENTRY(suffix, type, team, vectors)                                               \
    extern "C" __global__ void __launch_bounds__(BLOCK)                                         \
        layerNorm_t##team##v##vectors##_##suffix(type* out, const type* x, const type* weight,  \
                                                 const type* bias, float epsilon, int rows,     \
                                                 int n) {                                       \
        vectorRows<team, vectors>(out, x, weight, bias, epsilon, rows, n);                      \
    }

#define DEPTHWISE_ENTRY(suffix, type, perThread)                                                \
    extern "C" __global__ void __launch_bounds__(BLOCK)                                         \
        depthwiseLayerNorm_p##perThread##_##suffix(                                             \
            type* out, const type* x, const type* taps, const type* tapBias,                    \
            const type* weight, const type* bias, float epsilon, int frames, int n,             \
            int kernel, int stride, int dilation, int start) {                                  \
        depthwiseRow<perThread>(out, x, taps, tapBias, weight, bias, epsilon, frames, n,        \
                                Window{kernel, stride, dilation, start});                       \
    }

#define ENTRIES(suffix, type)                                                                   \
    VECTOR_ENTRY(suffix, type, 32, 1)                                                           \
    VECTOR_ENTRY(suffix, type, 32, 4)                                                           \
    VECTOR_ENTRY(suffix, type, 128, 4)                                                          \
    VECTOR_ENTRY(suffix, type, 256, 8)                                                          \
    DEPTHWISE_ENTRY(suffix, type, 2)                                                            \
    DEPTHWISE_ENTRY(suffix, type, 16)                                                           \
    extern "C" __global__ void __launch_bounds__(BLOCK)                                         \
        layerNorm_any_##suffix(type* out, const type* x, const type* weight, const type* bias,  \
                               float epsilon, int n) {                                          \
        scalarRow(out, x, weight, bias, epsilon, n);                                            \
    }

FOR_FLOAT_TYPES(ENTRIES)
