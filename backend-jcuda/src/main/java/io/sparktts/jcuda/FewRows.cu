// Products of a few rows (the tokens of a decode step) with a large matrix, whose reading is all the
// work: every weight is read once, 16 bytes per load, many loads in flight.
//
// A block makes one tile of 8 or 16 outputs for all tokens; its warps split K between them and add
// their sums up in shared memory, always in the same order. The tensor cores multiply (mma.sync
// m16n8k16) with the weights as the 16 rows and the tokens as the 8 columns: a dot product does not
// mind the order of its terms, so a lane loads 8 consecutive elements of a row, and the tokens'
// elements are loaded in the same order. Weights do not depend on the kernel before: the first loads
// are issued before waiting for it (programmatic dependent launch). After the wait latency is all
// there is: whatever a block needs is asked for at once, by different warps where one answer leads
// to the next question.
//
// Fused: the RMS norm of at most 8 tokens before (each block normalises them itself: 2 kB each),
// bias, rotary embedding and cache write, SiLU and product, or the residual after.
#include "RmsNorm.cuh"
#include "TensorCores.cuh"

namespace {

constexpr int STEP = 32;    // elements of K per step of a warp
constexpr int PAD = 32;     // elements between rows in shared memory, against bank conflicts
constexpr int NORM_VECTORS = 4;  // of 8 elements that a lane has of a row to normalise

// Starts copying 16 bytes to shared memory past L1, since weights pass by once; zeros for null.
__device__ __forceinline__ void copyAsync(uint4* to, const void* from) {
    asm volatile("cp.async.cg.shared.global.L2::256B [%0], [%1], 16, %2;" ::"r"(
                     static_cast<uint32_t>(__cvta_generic_to_shared(to))),
                 "l"(from), "r"(from != nullptr ? 16 : 0)
                 : "memory");
}

// Waits for the thread's own copies.
__device__ __forceinline__ void waitForCopies() { asm volatile("cp.async.wait_all;" ::: "memory"); }

// Weights of a warp's first steps of a tile, copied ahead: to shared memory, since blocks whose
// registers held them would leave no room for the next kernel's. A thread reads what it copied.
template <int HALVES, int AHEAD, int WARPS>
struct Ahead {
    __device__ __forceinline__ uint4& at(int step, int half, int thread = threadIdx.x) const {
        extern __shared__ uint4 shared[];
        return shared[(step * HALVES + half) * WARPS * 32 + thread];
    }

    template <typename T>
    __device__ __forceinline__ void load(const T* row0, const T* row1, int first, int k) const {
        int t = threadIdx.x % 4;
#pragma unroll
        for (int s = 0; s < AHEAD; s++) {
            int column = (first + s * WARPS) * STEP + 8 * t;
            bool inside = column < k;
            copyAsync(&at(s, 0), inside && row0 != nullptr ? row0 + column : nullptr);
            if constexpr (HALVES == 2) {
                copyAsync(&at(s, 1), inside && row1 != nullptr ? row1 + column : nullptr);
            }
        }
    }

    // What lies behind it in shared memory.
    __device__ __forceinline__ static uint4* end() {
        extern __shared__ uint4 shared[];
        return shared + AHEAD * HALVES * WARPS * 32;
    }
};

// The norm's weights to shared memory, behind the rows; before the wait.
template <typename T>
__device__ __forceinline__ void loadNorm(uint4* shared, const T* norm, int rows, int k) {
    if (norm != nullptr) {
        T* to = reinterpret_cast<T*>(shared) + rows * (k + PAD);
        for (int i = threadIdx.x * 8; i < k; i += blockDim.x * 8) {
            *reinterpret_cast<uint4*>(to + i) = *reinterpret_cast<const uint4*>(norm + i);
        }
    }
}

// The tokens' rows: normalised in shared memory where norm is not null, of at most 1024 elements
// then; else copied there if staged, or where they are.
template <typename T, int WARPS>
struct Tokens {
    const T* base;
    int pitch;
    int rows;

    __device__ __forceinline__ Tokens(uint4* shared, const T* x, int rows, int k, const T* norm,
                                      float epsilon, bool staged)
        : base(x), pitch(k), rows(rows) {
        if (norm == nullptr && !staged) {
            return;
        }
        T* normed = reinterpret_cast<T*>(shared);
        base = normed;
        pitch = k + PAD;
        if (norm == nullptr) {
            for (int i = threadIdx.x * 8; i < rows * k; i += WARPS * 256) {
                copyAsync(reinterpret_cast<uint4*>(normed + i / k * pitch + i % k), x + i);
            }
            waitForCopies();
            __syncthreads();
            return;
        }
        const T* weight = normed + rows * pitch;
        int lane = threadIdx.x % 32;
        __syncthreads();  // the norm's weights are there
        for (int m = threadIdx.x / 32; m < rows; m += WARPS) {
            const T* row = x + static_cast<size_t>(m) * k;
            Vec<T, 8> v[NORM_VECTORS];
            float squares = 0;
#pragma unroll
            for (int i = 0; i < NORM_VECTORS; i++) {
                int column = (i * 32 + lane) * 8;
                if (column < k) {
                    v[i] = *reinterpret_cast<const Vec<T, 8>*>(row + column);
                }
            }
#pragma unroll
            for (int i = 0; i < NORM_VECTORS; i++) {
                if ((i * 32 + lane) * 8 < k) {
#pragma unroll
                    for (int j = 0; j < 8; j++) {
                        squares += toFloat(v[i].at[j]) * toFloat(v[i].at[j]);
                    }
                }
            }
            float factor = rsqrtf(warpSum(squares) / k + epsilon);
#pragma unroll
            for (int i = 0; i < NORM_VECTORS; i++) {
                int column = (i * 32 + lane) * 8;
                if (column < k) {
                    scale<T>(v[i], factor,
                             *reinterpret_cast<const Vec<T, 8>*>(weight + column));
                    *reinterpret_cast<Vec<T, 8>*>(normed + m * pitch + column) = v[i];
                }
            }
        }
        __syncthreads();
    }

    // Eight elements of a token; zeros for one that is not there.
    __device__ __forceinline__ uint4 load(int token, int k) const {
        if (token >= rows) {
            return make_uint4(0, 0, 0, 0);
        }
        return *reinterpret_cast<const uint4*>(base + static_cast<size_t>(token) * pitch + k);
    }
};

// Sums of a tile over all of K: c[.][0..1] belong to row0 and two tokens, c[.][2..3] to row1. On
// return those of token tile i are whole in warp i % WARPS alone.
template <typename T, int TILES, int HALVES, int AHEAD, int WARPS>
__device__ __forceinline__ void multiply(float (&c)[TILES][4],
                                         const Ahead<HALVES, AHEAD, WARPS>& w,
                                         const T* row0, const T* row1,
                                         const Tokens<T, WARPS>& tokens, int k) {
    int lane = threadIdx.x % 32;
    int warp = threadIdx.x / 32;
    int g = lane / 4;
    int t = lane % 4;
    float odd[TILES][4] = {};  // a second chain of sums, since each product waits for its last
#pragma unroll
    for (int i = 0; i < TILES; i++) {
#pragma unroll
        for (int e = 0; e < 4; e++) {
            c[i][e] = 0;
        }
    }
    waitForCopies();
    int steps = (k + STEP - 1) / STEP;
    for (int first = warp; first < steps; first += AHEAD * WARPS) {
        if (first != warp) {
            w.load(row0, row1, first, k);
            waitForCopies();
        }
#pragma unroll
        for (int s = 0; s < AHEAD; s++) {
            int at = (first + s * WARPS) * STEP + 8 * t;
            uint4 a = w.at(s, 0);
            uint4 a8 = HALVES == 2 ? w.at(s, HALVES - 1) : make_uint4(0, 0, 0, 0);
#pragma unroll
            for (int i = 0; i < TILES; i++) {
                uint4 b = at < k ? tokens.load(8 * i + g, at) : make_uint4(0, 0, 0, 0);
                mmaSync<T>(c[i], a.x, a8.x, a.y, a8.y, b.x, b.y);
                mmaSync<T>(odd[i], a.z, a8.z, a.w, a8.w, b.z, b.w);
            }
        }
    }
    // A thread's sums take the place of its weights.
#pragma unroll
    for (int i = 0; i < TILES; i++) {
        reinterpret_cast<float4&>(w.at(i, 0)) =
            make_float4(c[i][0] + odd[i][0], c[i][1] + odd[i][1], c[i][2] + odd[i][2],
                        c[i][3] + odd[i][3]);
    }
    __syncthreads();
#pragma unroll
    for (int i = 0; i < TILES; i++) {
        if (i % WARPS == warp) {
#pragma unroll
            for (int e = 0; e < 4; e++) {
                c[i][e] = 0;
            }
#pragma unroll
            for (int p = 0; p < WARPS; p++) {
                float4 part = reinterpret_cast<float4&>(w.at(i, 0, p * 32 + lane));
                c[i][0] += part.x;
                c[i][1] += part.y;
                c[i][2] += part.z;
                c[i][3] += part.w;
            }
        }
    }
}

template <typename T, typename Out, int TILES, int HALVES, int AHEAD, int WARPS>
__device__ __forceinline__ void linear(Out* out, const T* x, const T* weight, const T* bias,
                                       const T* residual, const T* norm, float epsilon, int rows,
                                       int n, int k, int pitch, bool staged) {
    constexpr int ROWS = 8 * HALVES;
    letNextStart();
    int lane = threadIdx.x % 32;
    int warp = threadIdx.x / 32;
    int g = lane / 4;
    int t = lane % 4;
    auto row = [&](int index) {
        return index < n ? weight + static_cast<size_t>(index) * pitch : nullptr;
    };
    // What a tile's sums are added to.
    float base[TILES][2 * HALVES];
    auto loadBase = [&](int tile) {
#pragma unroll
        for (int i = 0; i < TILES; i++) {
#pragma unroll
            for (int e = 0; e < 2 * HALVES; e++) {
                int token = 8 * i + 2 * t + e % 2;
                int column = tile * ROWS + g + e / 2 * 8;
                base[i][e] = 0;
                if (i % WARPS == warp && token < rows && column < n) {
                    if (bias != nullptr) {
                        base[i][e] = toFloat(bias[column]);
                    }
                    if (residual != nullptr) {
                        base[i][e] += toFloat(residual[static_cast<size_t>(token) * n + column]);
                    }
                }
            }
        }
    };
    int tile = blockIdx.x;
    Ahead<HALVES, AHEAD, WARPS> w;
    w.load(row(tile * ROWS + g), row(tile * ROWS + g + 8), warp, k);
    loadNorm(w.end(), norm, rows, k);
    waitForInputs();
    loadBase(tile);
    Tokens<T, WARPS> tokens(w.end(), x, rows, k, norm, epsilon, staged);
    for (; tile * ROWS < n; tile += gridDim.x) {
        int row0 = tile * ROWS + g;
        if (tile != blockIdx.x) {
            __syncthreads();  // the last tile's sums have been read
            w.load(row(row0), row(row0 + 8), warp, k);
            loadBase(tile);
        }
        float c[TILES][4];
        multiply<T, TILES, HALVES, AHEAD, WARPS>(c, w, row(row0), row(row0 + 8), tokens, k);
#pragma unroll
        for (int i = 0; i < TILES; i++) {
            if (i % WARPS != warp) {
                continue;
            }
#pragma unroll
            for (int e = 0; e < 2 * HALVES; e++) {
                int token = 8 * i + 2 * t + e % 2;
                int column = row0 + e / 2 * 8;
                if (token < rows && column < n) {
                    out[static_cast<size_t>(token) * n + column] =
                        fromFloat<Out>(c[i][e] + base[i][e]);
                }
            }
        }
    }
}

// Row g of a tile is a gate, row g + 8 the up of the same output.
template <typename T, int TILES, int AHEAD, int WARPS>
__device__ __forceinline__ void swiGlu(T* out, const T* x, const T* weight, const T* norm,
                                       float epsilon, int rows, int n, int k, int pitch) {
    letNextStart();
    int lane = threadIdx.x % 32;
    int warp = threadIdx.x / 32;
    int g = lane / 4;
    int t = lane % 4;
    auto row = [&](int index, bool up) {
        return index < n ? weight + (static_cast<size_t>(index) + (up ? n : 0)) * pitch : nullptr;
    };
    int tile = blockIdx.x;
    Ahead<2, AHEAD, WARPS> w;
    w.load(row(tile * 8 + g, false), row(tile * 8 + g, true), warp, k);
    loadNorm(w.end(), norm, rows, k);
    waitForInputs();
    Tokens<T, WARPS> tokens(w.end(), x, rows, k, norm, epsilon, false);
    for (; tile * 8 < n; tile += gridDim.x) {
        int column = tile * 8 + g;
        if (tile != blockIdx.x) {
            __syncthreads();  // the last tile's sums have been read
            w.load(row(column, false), row(column, true), warp, k);
        }
        float c[TILES][4];
        multiply<T, TILES, 2, AHEAD, WARPS>(c, w, row(column, false), row(column, true), tokens, k);
#pragma unroll
        for (int i = 0; i < TILES; i++) {
            if (i % WARPS != warp) {
                continue;
            }
#pragma unroll
            for (int e = 0; e < 2; e++) {
                int token = 8 * i + 2 * t + e;
                if (token < rows && column < n) {
                    out[static_cast<size_t>(token) * n + column] =
                        fromFloat<T>(silu(c[i][e]) * c[i][e + 2]);
                }
            }
        }
    }
}

// Where a sequence's keys and values go.
struct Cache {
    void* keys;
    void* values;
    const float* cos;
    const float* sin;
    const int* offsets;
    const int* positions;
    const int* slot;
    int batch;
    int capacity;
    int heads;
    int kvHeads;
    int half;
};

// Slot of a token's sequence; -1 for one that only pads.
__device__ __forceinline__ int slotOf(const Cache& c, int token) {
    if (token >= c.offsets[c.batch]) {
        return -1;
    }
    int b = 0;
    while (c.offsets[b + 1] <= token) {
        b++;
    }
    return c.slot[b];
}

// Where element j of a token's head goes, null for a key or value of padding, and the angle by which
// it turns with its pair; a value does not.
template <typename T>
__device__ __forceinline__ void place(T*& to, float& cosine, float& sine, T* out,
                                      const Cache& cache, int token, int head, int j) {
    int width = 2 * cache.half;
    int position = max(__ldcg(cache.positions + token), 0);
    bool key = head < cache.heads + cache.kvHeads;
    if (key) {
        size_t angle = static_cast<size_t>(position) * cache.half + j;
        cosine = cache.cos[angle];
        sine = cache.sin[angle];
    }
    if (head < cache.heads) {
        int heads = cache.heads + 2 * cache.kvHeads;
        to = out + (static_cast<size_t>(token) * heads + head) * width + j;
        return;
    }
    int slot = slotOf(cache, token);
    if (slot >= 0) {
        int kvHead = head - cache.heads - (key ? 0 : cache.kvHeads);
        size_t row = (static_cast<size_t>(slot) * cache.kvHeads + kvHead) * cache.capacity;
        to = static_cast<T*>(key ? cache.keys : cache.values) + (row + position) * width + j;
    }
}

// Rows g and g + 8 of a tile are the two of a pair that turns together, j and j + half of a head.
template <typename T, int TILES, int AHEAD, int WARPS>
__device__ __forceinline__ void qkv(T* out, const T* x, const T* weight, const T* bias,
                                    const T* norm, float epsilon, int rows, int k, int pitch,
                                    const Cache& cache) {
    letNextStart();
    int lane = threadIdx.x % 32;
    int warp = threadIdx.x / 32;
    int g = lane / 4;
    int t = lane % 4;
    int half = cache.half;
    int perHead = half / 8;
    int head = blockIdx.x / perHead;
    int j = blockIdx.x % perHead * 8 + g;
    int row0 = head * 2 * half + j;
    int row1 = row0 + half;
    const T* w0 = weight + static_cast<size_t>(row0) * pitch;
    const T* w1 = weight + static_cast<size_t>(row1) * pitch;
    Ahead<2, AHEAD, WARPS> w;
    w.load(w0, w1, warp, k);
    loadNorm(w.end(), norm, rows, k);
    float bias0 = toFloat(bias[row0]);
    float bias1 = toFloat(bias[row1]);
    // Where a token's pair goes, null for nowhere, and how it turns: known before the wait, since
    // `advance` lets nothing start before it has moved the positions.
    T* to[TILES][2];
    float cosine[TILES][2];
    float sine[TILES][2];
#pragma unroll
    for (int i = 0; i < TILES; i++) {
#pragma unroll
        for (int e = 0; e < 2; e++) {
            int token = 8 * i + 2 * t + e;
            to[i][e] = nullptr;
            if (i % WARPS == warp && token < rows) {
                place(to[i][e], cosine[i][e], sine[i][e], out, cache, token, head, j);
            }
        }
    }
    waitForInputs();
    Tokens<T, WARPS> tokens(w.end(), x, rows, k, norm, epsilon, false);
    float c[TILES][4];
    multiply<T, TILES, 2, AHEAD, WARPS>(c, w, w0, w1, tokens, k);
#pragma unroll
    for (int i = 0; i < TILES; i++) {
#pragma unroll
        for (int e = 0; e < 2; e++) {
            if (to[i][e] != nullptr) {
                float a = c[i][e] + bias0;
                float b = c[i][e + 2] + bias1;
                if (head < cache.heads + cache.kvHeads) {
                    float turned = a * cosine[i][e] - b * sine[i][e];
                    b = b * cosine[i][e] + a * sine[i][e];
                    a = turned;
                }
                to[i][e][0] = fromFloat<T>(a);
                to[i][e][half] = fromFloat<T>(b);
            }
        }
    }
}

// True float32, on the ordinary units: the warps of a block split K of two outputs, four elements
// per load.
template <int ROWS>
__device__ __forceinline__ void floatRows(float* out, const float* x, const float* weight,
                                          const float* bias, const float* residual, int n, int k,
                                          int pitch) {
    constexpr int WARPS = 4;
    constexpr int OUTPUTS = 2;
    __shared__ float parts[WARPS][OUTPUTS * ROWS];
    letNextStart();
    int lane = threadIdx.x % 32;
    int warp = threadIdx.x / 32;
    int first = blockIdx.x * OUTPUTS;
    const float* w0 = weight + static_cast<size_t>(first) * pitch;
    const float* w1 = first + 1 < n ? w0 + pitch : w0;
    waitForInputs();
    float sums[OUTPUTS][ROWS] = {};
    bool wide = k % 4 == 0 && aligned16(x);
    if (wide) {
#pragma unroll 4
        for (int i = (warp * 32 + lane) * 4; i < k; i += WARPS * 128) {
            float4 a = __ldcs(reinterpret_cast<const float4*>(w0 + i));
            float4 b = __ldcs(reinterpret_cast<const float4*>(w1 + i));
#pragma unroll
            for (int m = 0; m < ROWS; m++) {
                float4 v = *reinterpret_cast<const float4*>(x + static_cast<size_t>(m) * k + i);
                sums[0][m] += a.x * v.x + a.y * v.y + a.z * v.z + a.w * v.w;
                sums[1][m] += b.x * v.x + b.y * v.y + b.z * v.z + b.w * v.w;
            }
        }
    } else {
        for (int i = warp * 32 + lane; i < k; i += WARPS * 32) {
#pragma unroll
            for (int m = 0; m < ROWS; m++) {
                float v = x[static_cast<size_t>(m) * k + i];
                sums[0][m] += w0[i] * v;
                sums[1][m] += w1[i] * v;
            }
        }
    }
#pragma unroll
    for (int o = 0; o < OUTPUTS; o++) {
#pragma unroll
        for (int m = 0; m < ROWS; m++) {
            float sum = warpSum(sums[o][m]);
            if (lane == 0) {
                parts[warp][o * ROWS + m] = sum;
            }
        }
    }
    __syncthreads();
    int o = threadIdx.x / ROWS;
    int m = threadIdx.x % ROWS;
    if (o < OUTPUTS && first + o < n) {
        size_t at = static_cast<size_t>(m) * n + first + o;
        float sum = bias == nullptr ? 0.0f : bias[first + o];
        for (int p = 0; p < WARPS; p++) {
            sum += parts[p][threadIdx.x];
        }
        out[at] = residual == nullptr ? sum : sum + residual[at];
    }
}

}  // namespace

// Small outputs get tiles of 8 rows, and enough warps for one round of loads to cover K: 8 for o, 16
// for down; large ones (head) 16 rows and 4 warps.
#define LINEAR(suffix, type, outSuffix, outType, tiles)                                           \
    extern "C" __global__ void __launch_bounds__(256)                                             \
        linear8_##suffix##_##outSuffix##_t##tiles(                                                \
            outType* out, const type* x, const type* weight, const type* bias,                    \
            const type* residual, const type* norm, float epsilon, int rows, int n, int k,        \
            int pitch, int staged) {                                                              \
        linear<type, outType, tiles, 1, 4, 8>(out, x, weight, bias, residual, norm, epsilon,      \
                                              rows, n, k, pitch, staged);                         \
    }                                                                                             \
    extern "C" __global__ void __launch_bounds__(512)                                             \
        linearLong_##suffix##_##outSuffix##_t##tiles(                                             \
            outType* out, const type* x, const type* weight, const type* bias,                    \
            const type* residual, const type* norm, float epsilon, int rows, int n, int k,        \
            int pitch, int staged) {                                                              \
        linear<type, outType, tiles, 1, 10, 16>(out, x, weight, bias, residual, norm, epsilon,    \
                                                rows, n, k, pitch, staged);                       \
    }                                                                                             \
    extern "C" __global__ void __launch_bounds__(128, 6 / tiles)                                  \
        linear16_##suffix##_##outSuffix##_t##tiles(                                               \
            outType* out, const type* x, const type* weight, const type* bias,                    \
            const type* residual, const type* norm, float epsilon, int rows, int n, int k,        \
            int pitch, int staged) {                                                              \
        linear<type, outType, tiles, 2, 7, 4>(out, x, weight, bias, residual, norm, epsilon,      \
                                              rows, n, k, pitch, staged);                         \
    }

#define ENTRIES(suffix, type, tiles)                                                              \
    LINEAR(suffix, type, suffix, type, tiles)                                                     \
    LINEAR(suffix, type, f32, float, tiles)                                                       \
    extern "C" __global__ void __launch_bounds__(128, 8 / tiles)                                  \
        swiGlu_##suffix##_t##tiles(type* out, const type* x, const type* weight,                  \
                                   const type* norm, float epsilon, int rows, int n, int k,       \
                                   int pitch) {                                                   \
        swiGlu<type, tiles, 7, 4>(out, x, weight, norm, epsilon, rows, n, k, pitch);              \
    }                                                                                             \
    extern "C" __global__ void __launch_bounds__(256) qkv_##suffix##_t##tiles(                    \
        type* out, const type* x, const type* weight, const type* bias, const type* norm,         \
        float epsilon, int rows, int k, int pitch, void* keys, void* values, const float* cos,    \
        const float* sin, const int* offsets, const int* positions, const int* slot, int batch,   \
        int capacity, int heads, int kvHeads, int half) {                                         \
        Cache cache{keys, values, cos, sin, offsets, positions, slot, batch, capacity, heads,     \
                    kvHeads, half};                                                               \
        qkv<type, tiles, 4, 8>(out, x, weight, bias, norm, epsilon, rows, k, pitch, cache);       \
    }

#define TYPES(tiles)             \
    ENTRIES(f16, f16, tiles)     \
    ENTRIES(bf16, bf16, tiles)

TYPES(1)
TYPES(2)

#define FLOAT_ENTRY(rows)                                                                         \
    extern "C" __global__ void __launch_bounds__(128)                                             \
        linear_f32_r##rows(float* out, const float* x, const float* weight, const float* bias,    \
                           const float* residual, int n, int k, int pitch) {                      \
        floatRows<rows>(out, x, weight, bias, residual, n, k, pitch);                             \
    }

FLOAT_ENTRY(1)
FLOAT_ENTRY(2)
FLOAT_ENTRY(3)
FLOAT_ENTRY(4)
FLOAT_ENTRY(5)
FLOAT_ENTRY(6)
FLOAT_ENTRY(7)
FLOAT_ENTRY(8)
