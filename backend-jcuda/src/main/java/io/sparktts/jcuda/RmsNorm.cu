// Root mean square normalisation of rows, alone or of a sum with the residual.
//
// A row stays in the registers of one team of threads, so memory sees each element once: every
// thread loads VECTORS vectors of 16 bytes, the squares are summed over the team by shuffles (and
// shared memory, if the team is more than a warp), and the row is scaled on its way out. The team's
// size follows the number of rows: few rows are spread over more threads, so that every
// multiprocessor has loads in flight; many rows get a warp each. Weights do not depend on the kernel
// before: they are loaded while it drains, and are there when the sum is. Rows that are no multiple
// of 16 bytes, not aligned, or too long take a scalar path that reads them twice.
#include "RmsNorm.cuh"

namespace {

constexpr int SCALAR_BLOCK = 256;

// Threads of a block of teams.
template <int TEAM>
constexpr int BLOCK = TEAM < 128 ? 128 : TEAM;

template <typename T, int TEAM, int VECTORS, bool ADD>
__device__ __forceinline__ void vectorRows(T* out, const T* x, T* residual, const T* weight,
                                           float epsilon, int rows, int n) {
    constexpr int W = WIDE<T>;
    __shared__ float parts[BLOCK<TEAM> / 32];
    int row = blockIdx.x * (BLOCK<TEAM> / TEAM) + threadIdx.x / TEAM;
    int lane = threadIdx.x % TEAM;
    // Teams within a warp would need masks; a team is at least a warp, so only whole warps skip.
    bool live = row < rows;
    size_t start = static_cast<size_t>(live ? row : 0) * n;
    Vec<T, W> w[VECTORS];
#pragma unroll
    for (int i = 0; i < VECTORS; i++) {
        int column = (i * TEAM + lane) * W;
        if (column < n) {
            w[i] = *reinterpret_cast<const Vec<T, W>*>(weight + column);
        }
    }
    waitForInputs();
    Vec<T, W> v[VECTORS];
    float squares = 0;
#pragma unroll
    for (int i = 0; i < VECTORS; i++) {
        int column = (i * TEAM + lane) * W;
        if (live && column < n) {
            v[i] = *reinterpret_cast<const Vec<T, W>*>(x + start + column);
            if constexpr (ADD) {
                Vec<T, W> r = *reinterpret_cast<const Vec<T, W>*>(residual + start + column);
#pragma unroll
                for (int j = 0; j < W; j++) {
                    v[i].at[j] = fromFloat<T>(toFloat(r.at[j]) + toFloat(v[i].at[j]));
                }
                *reinterpret_cast<Vec<T, W>*>(residual + start + column) = v[i];
            }
        }
    }
#pragma unroll
    for (int i = 0; i < VECTORS; i++) {
        if (live && (i * TEAM + lane) * W < n) {
#pragma unroll
            for (int j = 0; j < W; j++) {
                float f = toFloat(v[i].at[j]);
                squares += f * f;
            }
        }
    }
    // Not before the row is read: waiting blocks would take the place of working ones.
    letNextStart();
    float factor = rsqrtf(teamSum<TEAM, BLOCK<TEAM>>(squares, parts) / n + epsilon);
#pragma unroll
    for (int i = 0; i < VECTORS; i++) {
        int column = (i * TEAM + lane) * W;
        if (live && column < n) {
            scale<T>(v[i], factor, w[i]);
            *reinterpret_cast<Vec<T, W>*>(out + start + column) = v[i];
        }
    }
}

// One block per row, any length and alignment.
template <typename T, bool ADD>
__device__ __forceinline__ void scalarRow(T* out, const T* x, T* residual, const T* weight,
                                          float epsilon, int n) {
    __shared__ float parts[SCALAR_BLOCK / 32];
    waitForInputs();
    size_t start = static_cast<size_t>(blockIdx.x) * n;
    float squares = 0;
    for (int i = threadIdx.x; i < n; i += SCALAR_BLOCK) {
        float f = toFloat(x[start + i]);
        if constexpr (ADD) {
            T sum = fromFloat<T>(toFloat(residual[start + i]) + f);
            residual[start + i] = sum;
            f = toFloat(sum);
        }
        squares += f * f;
    }
    // Not before the row is read: waiting blocks would take the place of working ones.
    letNextStart();
    float factor = rsqrtf(teamSum<SCALAR_BLOCK, SCALAR_BLOCK>(squares, parts) / n + epsilon);
    const T* from = ADD ? residual : x;
    for (int i = threadIdx.x; i < n; i += SCALAR_BLOCK) {
        out[start + i] = scaled(toFloat(from[start + i]), factor, weight[i]);
    }
}

}  // namespace

// Vectors per thread: 896 elements of 2 bytes are 112 vectors, of 4 bytes 224.
#define VECTOR_ENTRY(suffix, type, team, vectors)                                                 \
    extern "C" __global__ void __launch_bounds__(BLOCK<team>)                                     \
        rmsNorm_t##team##v##vectors##_##suffix(type* out, const type* x, const type* weight,      \
                                               float epsilon, int rows, int n) {                  \
        vectorRows<type, team, vectors, false>(out, x, nullptr, weight, epsilon, rows, n);        \
    }                                                                                             \
    extern "C" __global__ void __launch_bounds__(BLOCK<team>)                                     \
        addRmsNorm_t##team##v##vectors##_##suffix(type* out, type* residual, const type* x,       \
                                                  const type* weight, float epsilon, int rows,    \
                                                  int n) {                                        \
        vectorRows<type, team, vectors, true>(out, x, residual, weight, epsilon, rows, n);        \
    }

#define ENTRIES(suffix, type)                                                                     \
    VECTOR_ENTRY(suffix, type, 32, 1)                                                             \
    VECTOR_ENTRY(suffix, type, 32, 4)                                                             \
    VECTOR_ENTRY(suffix, type, 32, 8)                                                             \
    VECTOR_ENTRY(suffix, type, 128, 1)                                                            \
    VECTOR_ENTRY(suffix, type, 256, 1)                                                            \
    VECTOR_ENTRY(suffix, type, 256, 4)                                                            \
    VECTOR_ENTRY(suffix, type, 256, 8)                                                            \
    extern "C" __global__ void __launch_bounds__(SCALAR_BLOCK)                                    \
        rmsNorm_any_##suffix(type* out, const type* x, const type* weight, float epsilon, int n) {\
        scalarRow<type, false>(out, x, nullptr, weight, epsilon, n);                              \
    }                                                                                             \
    extern "C" __global__ void __launch_bounds__(SCALAR_BLOCK)                                    \
        addRmsNorm_any_##suffix(type* out, type* residual, const type* x, const type* weight,     \
                                float epsilon, int n) {                                           \
        scalarRow<type, true>(out, x, residual, weight, epsilon, n);                              \
    }

FOR_FLOAT_TYPES(ENTRIES)
